/** Every race of docs/garbage-collection.md as a schedule, and the check without which it is lost. */
import {lifetimes, quarantineMs} from './lifetimes.ts';
import type {MutationName} from './mutations.ts';
import type {Delay, Point} from './simulation.ts';
import type {Command} from './world.ts';

export type Race = {
	/** As the document has it. */
	title: string;
	without: MutationName;
	/** `jitterMs` moves the pusher against the collector, from 0 to `looseMs`. */
	commands(jitterMs: number): readonly Command[];
};

/** With any of these a race is lost. */
export const looseMs = 1500;

const {tombstoneListMs} = lifetimes;

/** Twice in a quarantine there is time for everything else. */
const condemnedAt = quarantineMs + 100_000;
const deletedAt = condemnedAt + quarantineMs + 100_000;

const holding = (point: Omit<Point, 'nth'> & {nth?: number}, side: Delay['side'], ms: number) => ({delays: [{nth: 1, ...point, side, ms}]});
const beforeRemoval = (ms: number, key = /app\/_blobs/) => ({
	delays: (['remove', 'removeUntil'] as const).map(operation => ({operation, key, nth: 1, side: 'before' as const, ms})),
});

type Timed = Command extends infer C ? (C extends Command ? Omit<C, 'after' | 'by'> & {at: number; by?: number} : never) : never;

const timeline = (...timed: readonly Timed[]): readonly Command[] => {
	let last = 0;
	return timed
		.toSorted((a, b) => a.at - b.at)
		.map(({at, by = 0, ...command}) => {
			const after = at - last;
			last = at;
			return {...command, by, after} as Command;
		});
};

/** Of two manifests. */
const heldSwaps = {
	delays: [1, 2].map(nth => ({operation: 'write' as const, key: /condemned\/_manifests/, nth, side: 'before' as const, ms: 1800})),
};

/** A layer that nothing keeps, and the cycle that condemned it. */
const unkeptLayer: readonly Timed[] = [
	{kind: 'putBlob', blob: 'b', at: 0},
	{kind: 'collect', at: condemnedAt},
];

export const races: readonly Race[] = [
	{
		title: 'a collector that pauses before it deletes comes too late',
		without: 'deletes never expire',
		commands: jitter =>
			timeline(
				...unkeptLayer,
				{kind: 'collect', at: deletedAt, trouble: beforeRemoval(60_000)},
				{kind: 'push', document: 'other', tag: 'main', at: deletedAt + 1000 + jitter, by: 1},
			),
	},
	{
		title: 'a mark that takes longer than a quarantine condemns nobody to death',
		without: 'a quarantine may end while the mark is made',
		commands: jitter =>
			timeline(
				...unkeptLayer,
				{kind: 'putBlob', blob: 'config', at: condemnedAt - 50_000, by: 1},
				{
					kind: 'collect',
					at: condemnedAt + 200_000,
					by: 1,
					trouble: holding({operation: 'list', key: /^repos\/$/}, 'after', quarantineMs),
				},
				{kind: 'push', document: 'other', tag: 'main', at: condemnedAt + 250_000 + jitter, by: 1},
			),
	},
	{
		title: 'what was rescued is condemned again before it goes',
		without: 'what was rescued may be deleted without being condemned again',
		commands: jitter =>
			timeline(
				...unkeptLayer,
				{
					kind: 'push',
					document: 'other',
					at: condemnedAt + 10_000,
					trouble: {crashes: [{operation: 'write', key: /app\/_manifests/, nth: 1, sent: false}]},
				},
				{kind: 'collect', at: deletedAt, trouble: holding({operation: 'read', key: /condemned\/_blobs/}, 'after', 20_000)},
				{kind: 'push', document: 'other', tag: 'main', at: deletedAt + 1000 + jitter, by: 1},
			),
	},
	{
		title: 'a tombstone that is dropped late takes no later one with it',
		without: 'tombstones are dropped without a swap',
		commands: jitter => {
			const freedAt = deletedAt + quarantineMs + 100_000;
			const droppedAt = freedAt + quarantineMs + 100_000;
			const again = droppedAt + quarantineMs + 200_000;
			const goneAgain = again + quarantineMs + 100_000;
			return timeline(
				...unkeptLayer,
				{kind: 'collect', at: deletedAt},
				{kind: 'collect', at: freedAt},
				{
					kind: 'collect',
					at: droppedAt,
					trouble: beforeRemoval(goneAgain - droppedAt + 1000, /condemned\/_blobs/),
				},
				{kind: 'putBlob', blob: 'b', at: droppedAt + 60_000},
				{kind: 'collect', at: again, by: 1},
				{kind: 'collect', at: goneAgain, by: 1, trouble: beforeRemoval(6000)},
				{kind: 'push', document: 'other', tag: 'main', at: goneAgain + 2000 + jitter, by: 1},
			);
		},
	},
	{
		title: 'a collector that goes on where another was killed begins a deletion of its own',
		without: "another's deletion is carried out as it is",
		commands: jitter =>
			timeline(
				...unkeptLayer,
				{
					kind: 'collect',
					at: deletedAt,
					trouble: {crashes: [{operation: 'removeUntil', key: /app\/_blobs/, nth: 1, sent: false}]},
				},
				{kind: 'collect', at: deletedAt + 60_000, by: 1, trouble: beforeRemoval(5000)},
				{kind: 'push', document: 'other', tag: 'main', at: deletedAt + 61_000 + jitter, by: 1},
			),
	},
	{
		title: 'a pusher waits until a deletion is over',
		without: 'a pusher does not wait for the end of a deletion',
		commands: jitter =>
			timeline(
				...unkeptLayer,
				{kind: 'collect', at: deletedAt, trouble: beforeRemoval(5000)},
				{kind: 'push', document: 'other', tag: 'main', at: deletedAt + 1000 + jitter, by: 1},
			),
	},
	{
		title: 'a layer that is being deleted is not said to be there',
		without: 'a pusher is told of a blob without looking for its tombstone',
		commands: jitter =>
			timeline(
				...unkeptLayer,
				{kind: 'collect', at: deletedAt, trouble: beforeRemoval(5000)},
				{kind: 'push', document: 'other', tag: 'main', at: deletedAt + 1000 + jitter, by: 1},
			),
	},
	{
		title: 'a layer that is sent while it is deleted is stored afterwards',
		without: 'a blob is stored without looking for its tombstone',
		commands: jitter =>
			timeline(
				...unkeptLayer,
				{kind: 'collect', at: deletedAt, trouble: beforeRemoval(5000)},
				{kind: 'send', document: 'other', tag: 'main', at: deletedAt + 1000 + jitter, by: 1},
			),
	},
	{
		title: 'a layer that is mounted while it is deleted is copied afterwards',
		without: 'a blob is mounted without looking for its tombstone',
		commands: jitter =>
			timeline(
				...unkeptLayer,
				{kind: 'collect', at: deletedAt, trouble: beforeRemoval(5000)},
				{kind: 'send', document: 'other', tag: 'main', mounts: true, at: deletedAt + 1000 + jitter, by: 1},
			),
	},
	{
		title: 'a manifest is not accepted on the strength of a layer that is being deleted',
		without: 'a manifest is stored without looking for tombstones',
		commands: jitter =>
			timeline(
				...unkeptLayer,
				{kind: 'putBlob', blob: 'config', at: deletedAt - 60_000, by: 1},
				{kind: 'collect', at: deletedAt, trouble: beforeRemoval(5000)},
				{kind: 'putManifest', document: 'other', tag: 'main', at: deletedAt + 1000 + jitter, by: 1},
			),
	},
	{
		title: 'a tag that is pushed again while its document is removed stays',
		without: 'a tag is moved without looking for its tombstone',
		commands: jitter =>
			timeline(
				{kind: 'push', document: 'other', tag: 'main', at: 0},
				{kind: 'deleteTag', tag: 'main', at: 1000},
				{kind: 'collect', at: condemnedAt},
				{kind: 'collect', at: deletedAt, trouble: beforeRemoval(5000, /app\/_tags/)},
				{kind: 'send', document: 'image', tag: 'main', at: deletedAt + 1000 + jitter, by: 1},
			),
	},
	{
		title: 'a manifest that took long to be stored is checked once more',
		without: 'a push that takes long is not checked again',
		commands: jitter =>
			timeline(
				...unkeptLayer,
				{kind: 'putBlob', blob: 'config', at: condemnedAt - 50_000, by: 1},
				{
					kind: 'putManifest',
					document: 'other',
					tag: 'main',
					at: condemnedAt + tombstoneListMs / 2 + jitter,
					by: 1,
					trouble: holding({operation: 'write', key: /app\/_manifests/}, 'before', quarantineMs + 500_000),
				},
				{kind: 'collect', at: deletedAt},
			),
	},
	{
		title: 'a tag that is moved hours late is taken back from what is gone',
		without: 'a push that takes long is not checked again',
		commands: jitter => {
			const goneAt = deletedAt + quarantineMs + 100_000;
			return timeline(
				{
					kind: 'send',
					document: 'other',
					tag: 'main',
					at: jitter,
					by: 1,
					trouble: holding({operation: 'write', key: /app\/_tags/}, 'before', goneAt + 100_000),
				},
				{kind: 'collect', at: condemnedAt},
				{kind: 'collect', at: deletedAt},
				{kind: 'collect', at: goneAt},
			);
		},
	},
	{
		title: 'what a server remembers of a layer is forgotten when it is being deleted',
		without: 'what is remembered is believed while it is deleted',
		commands: jitter =>
			timeline(
				...unkeptLayer,
				{kind: 'push', document: 'image', at: deletedAt - 10_000, by: 1},
				{kind: 'collect', at: deletedAt},
				{kind: 'push', document: 'other', tag: 'main', at: deletedAt + 1000 + jitter, by: 1},
			),
	},
	{
		title: 'an image of an index that somebody relies on again stays with it',
		without: 'children go while their parents are there',
		commands: jitter =>
			timeline(
				{kind: 'push', document: 'index', at: 0},
				{kind: 'collect', at: condemnedAt},
				{kind: 'collect', at: deletedAt, trouble: heldSwaps},
				{kind: 'putManifest', document: 'outer', tag: 'main', at: deletedAt + 100 + jitter, by: 1},
			),
	},
];
