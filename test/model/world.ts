/** Servers, builders and collectors that share one store, and what must hold whatever they do: the real code, on the time of a schedule. */
import {OciError} from 'oci-spec-types';
import {createBuilders} from './builders.ts';
import {createCollectors} from './collectors.ts';
import {isDeleted, leadingNowhere, leftOver} from './invariants.ts';
import {graceMs, quarantineMs} from './lifetimes.ts';
import type {Mutation} from './mutations.ts';
import {createPromises} from './promises.ts';
import {createServers} from './servers.ts';
import {createSimulation, ProcessEnded, type Trouble} from './simulation.ts';
import {type BlobName, type DocumentName, fill} from './universe.ts';

export type Command = {
	/** Milliseconds after the one before it began. */
	after: number;
	/** Which server is asked, or which collector works. */
	by: number;
	trouble?: Trouble;
} & (
	| {kind: 'push'; document: DocumentName; tag?: string}
	| {kind: 'send'; document: DocumentName; tag?: string; mounts?: boolean}
	| {kind: 'putBlob'; blob: BlobName}
	| {kind: 'mount'; blob: BlobName}
	| {kind: 'putManifest'; document: DocumentName; tag?: string}
	| {kind: 'deleteTag'; tag: string}
	| {kind: 'import'; tag: string}
	| {kind: 'collect'}
);

/** `wrong`: sentences, each about something that must not be. */
export type Outcome = {wrong: readonly string[]; trace: readonly string[]; removed: number};

/** `garbage`: also looks whether all of it goes in the time in which it must. */
export const play = async (
	commands: readonly Command[],
	{mutation = {}, garbage = false}: {mutation?: Mutation; garbage?: boolean} = {},
) => {
	const wrong: string[] = [];
	let removed = 0;

	const simulation = createSimulation({
		async onRemoved(key, bytes) {
			if (key.includes('/_gc/')) return;
			removed += 1;
			if (key.includes('/_tags/') && !isDeleted(bytes)) wrong.push(`${key} was removed, and is no deleted tag`);
			await promises.check();
		},
		onWritten: (key, bytes) => promises.onWritten(key, bytes),
	});
	const {store, now, note} = simulation;
	const promises = createPromises(simulation, wrong);
	const builders = createBuilders(simulation, {servers: createServers(simulation, mutation), promises, wrong});
	const collectors = createCollectors(simulation, mutation);

	const carryOut = async (who: string, command: Command): Promise<void> => {
		const {by} = command;
		const begun = now();
		try {
			switch (command.kind) {
				case 'push':
					return await builders.push(who, by, command.document, command.tag);
				case 'putBlob':
					return await builders.putBlob(by, command.blob);
				case 'send':
					return await builders.send(who, by, command.document, command.tag, command.mounts);
				case 'mount':
					return void (await builders.mount(by, command.blob));
				case 'putManifest':
					return await builders.putManifest(who, by, command.document, command.tag);
				case 'deleteTag':
					return void (await builders.deleteTag(by, command.tag));
				case 'import':
					return await builders.importTag(who, by, command.tag);
				case 'collect':
					return await collectors.collect(by);
			}
		} catch (error) {
			if (error instanceof ProcessEnded) return;
			if (!(error instanceof OciError)) throw error;
			note(`${who} was told ${error.code}`);
			// Who was told just now that everything is there must not be told otherwise when it is named.
			const sendsAll = command.kind === 'push' || command.kind === 'send';
			if (sendsAll && now() - begun < quarantineMs / 4) wrong.push(`${who} pushed all that was missing, and was told ${error.code}`);
		}
	};

	const failures: unknown[] = [];
	const begin = (command: Command, at: number, position: number) => {
		const who = `${position} ${command.kind}`;
		simulation.act(who, at, command.trouble ?? {}, () => carryOut(who, command).catch(error => void failures.push(error)));
	};

	await fill(store);
	let at = 0;
	for (const [position, command] of commands.entries()) {
		at += command.after;
		begin(command, at, position);
	}
	await simulation.run();
	// Who was killed cannot take back what it did.
	if (!commands.some(({trouble}) => trouble?.crashes?.length)) wrong.push(...(await leadingNowhere(store)));

	if (garbage) {
		// Its grace, two quarantines, and two more cycles; the tombstones go within as long again.
		for (let count = 0; count < garbageCycles; count++) begin({kind: 'collect', by: 0, after: 0}, count * cycleMs, commands.length + count);
		await simulation.run();
		wrong.push(...(await leftOver(store)));
	}
	if (failures.length > 0) throw failures[0];
	return {wrong, trace: simulation.trace, removed} satisfies Outcome;
};

// Twice in a quarantine, and never at its very end.
const cycleMs = quarantineMs / 2 + 1000;
const garbageCycles = 1 + Math.floor((graceMs + 2 * quarantineMs) / cycleMs) + 1 + 2;
