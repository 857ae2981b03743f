/** Everything that an administrator can do: the command line, the admin API and their reference pages are made from this. */
import type {z} from 'zod';
import {auditList} from './answers/audit.ts';
import {gcPreview, gcRun, gcStatus, verify} from './answers/collection.ts';
import {handOversDrop, handOversList, handOversRetry} from './answers/handOvers.ts';
import {doctor} from './answers/health.ts';
import {refsDelete, refsDiff, refsList, refsProtect, refsShow} from './answers/refs.ts';
import {prune, retentionApply, retentionPreview} from './answers/removals.ts';
import {tokensCreate, tokensList, tokensRevoke} from './answers/tokens.ts';
import {top, usage} from './answers/usage.ts';
import type {OperationFacts, Unchanging} from './operation.ts';

/** In the order of the docs. A dot in a name is a blank on the command line, and a slash in the path of its route. */
export const operations = {
	'refs.list': {
		summary: 'list refs with their size, their age and their last import',
		effect: 'read',
		job: false,
		...refsList,
	},
	'refs.show': {
		summary: "tell what a ref's cache is worth: its layers, who uses them, and what could go",
		effect: 'read',
		job: false,
		positional: ['ref'],
		...refsShow,
	},
	'refs.diff': {
		summary: 'tell what two refs of one repository have in common, and what only one of them has',
		effect: 'read',
		job: false,
		positional: ['a', 'b'],
		...refsDiff,
	},
	'refs.protect': {
		summary: 'keep a ref from retention, prune and deletion, whatever the policy says',
		effect: 'write',
		job: false,
		positional: ['ref'],
		...refsProtect,
	},
	'refs.delete': {
		summary: 'delete refs',
		about: 'The refs are gone at once. Their bytes are deleted by the collector, after the grace and the quarantine.',
		effect: 'write',
		job: false,
		removes: true,
		positional: ['refs'],
		...refsDelete,
	},
	prune: {
		summary: 'delete the refs for which every given condition holds',
		about: 'At least one condition is needed. Protected refs stay. Bytes are deleted by the collector, after the grace and the quarantine.',
		effect: 'write',
		job: true,
		removes: true,
		...prune,
	},
	'retention.preview': {
		summary: 'show what the policy lets go now, and what later',
		effect: 'read',
		job: false,
		...retentionPreview,
	},
	'retention.apply': {
		summary: 'let refs go now that the policy lets go, as the next cycle of the collector would',
		about: 'Refs alone: superseded manifests, and pushes to merging tags that count no more, go with that cycle.',
		effect: 'write',
		job: true,
		removes: true,
		...retentionApply,
	},
	'gc.preview': {
		summary: 'name every object that the next cycle of the collector deletes or condemns',
		effect: 'read',
		job: true,
		...gcPreview,
	},
	'gc.run': {
		summary: 'run a cycle of the collector now',
		about:
			'It keeps to the grace and the quarantine like any other cycle: what nothing needs any more is condemned first, and deleted by a later one.',
		effect: 'write',
		job: true,
		removes: true,
		...gcRun,
	},
	'gc.status': {
		summary: 'tell what the collector is doing, and what it did last',
		effect: 'read',
		job: false,
		...gcStatus,
	},
	'handovers.list': {
		summary: 'list what was acknowledged and is not at its upstream yet, the oldest first',
		effect: 'read',
		job: false,
		...handOversList,
	},
	'handovers.retry': {
		summary: 'try now to hand over what waits for its next attempt',
		about: 'A server does it, within ten seconds.',
		effect: 'write',
		job: false,
		...handOversRetry,
	},
	'handovers.drop': {
		summary: 'give up what waits to be handed over of a ref',
		about: 'The image stays here, and its upstream does not get it unless it is pushed again.',
		effect: 'write',
		job: false,
		positional: ['ref'],
		...handOversDrop,
	},
	usage: {
		summary: 'tell how much was pushed, imported and fetched, and how the store has grown',
		effect: 'read',
		job: false,
		...usage,
	},
	top: {
		summary: 'tell which refs take the most room or are used most, and which layers and clients',
		effect: 'read',
		job: false,
		...top,
	},
	'audit.list': {
		summary: 'tell who did what, and whether that was allowed, newest first',
		about: 'Servers write it down with LAYERCACHE_AUDIT=on, within ten seconds. At most 5000 objects of the store are read for one answer.',
		effect: 'read',
		job: false,
		...auditList,
	},
	'tokens.create': {
		summary: 'make a static token, for what has neither an id token nor a user',
		about: 'Its text is told once. The store has a hash of it, which nobody can log in with.',
		effect: 'write',
		job: false,
		positional: ['name'],
		...tokensCreate,
	},
	'tokens.list': {
		summary: 'list static tokens, newest first',
		effect: 'read',
		job: false,
		...tokensList,
	},
	'tokens.revoke': {
		summary: 'end a static token, and with it all that was issued for it',
		about: 'Every server knows within 30 seconds. Its name may be used again.',
		effect: 'write',
		job: false,
		positional: ['name'],
		...tokensRevoke,
	},
	verify: {
		summary: 'read every blob and compare its bytes with its digest',
		about: 'One that is interrupted goes on where it was left.',
		effect: 'read',
		job: true,
		...verify,
	},
	doctor: {
		summary: 'check the settings and the store, and say what to mend',
		effect: 'read',
		job: true,
		...doctor,
	},
} as const satisfies Record<string, OperationFacts>;

/** What the first words of names with a dot are about. */
export const operationGroups: Readonly<Record<string, string>> = {
	refs: 'refs: what there is, what it is worth, and what may go',
	retention: 'what the policy lets go',
	audit: 'who did what',
	gc: 'the collector, which deletes what nothing needs any more',
	handovers: 'what is still to be handed over to upstreams',
	tokens: 'static tokens',
};

export type OperationName = keyof typeof operations;

/** What may be given to it, before defaults. */
export type OperationInput<N extends OperationName> = z.input<(typeof operations)[N]['input']>;
/** What it works with. */
export type ParsedInput<N extends OperationName> = z.output<(typeof operations)[N]['input']>;
export type OperationOutput<N extends OperationName> = Unchanging<z.output<(typeof operations)[N]['output']>>;

export const operationNames = Object.keys(operations) as [OperationName, ...OperationName[]];
