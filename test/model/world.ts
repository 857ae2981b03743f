/** Servers, builders and collectors that share one store, and what must hold whatever they do: the real code, on the time of a schedule. */
import {
	type Digest,
	type Manifest,
	OciError,
	parseManifest,
	parseRepositoryName,
	parseTag,
	type Reference,
	references,
} from 'oci-spec-types';
import {collectRepository} from '../../src/gc/collectRepository.ts';
import {createHands, type Hands} from '../../src/gc/hands.ts';
import type {RetentionDecision} from '../../src/gc/retention.ts';
import {readAll} from '../../src/lib/bytes.ts';
import {createGuard, type Guard} from '../../src/registry/guard.ts';
import type {RepositoryInventory} from '../../src/registry/inventory.ts';
import {keys} from '../../src/registry/keys.ts';
import {createLifetimes} from '../../src/registry/lifetimes.ts';
import type {Registry} from '../../src/registry/registry.ts';
import {createStoredRegistry} from '../../src/registry/storedRegistry.ts';
import {createTags} from '../../src/registry/tags.ts';
import {createTombstones, type Tombstones} from '../../src/registry/tombstones.ts';
import {walkRepositories} from '../../src/registry/walk.ts';
import {createWalkMemory} from '../../src/registry/walkMemory.ts';
import type {ObjectStore} from '../../src/storage/objectStore.ts';
import {createSimulation, type Process, ProcessEnded, type Trouble} from './simulation.ts';
import {type BlobName, blobs, type DocumentName, documents} from './universe.ts';

const hourMs = 3_600_000;
export const quarantineMs = hourMs;
export const graceMs = hourMs;
export const lifetimes = createLifetimes({graceMs, quarantineMs, indexMs: quarantineMs / 16});

export const repo = parseRepositoryName('ci/app');
const elsewhere = parseRepositoryName('ci/other');

/** What of the protocol is left out: each is a way in which the code could be wrong. */
export type Mutation = {
	serverTombstones?(tombstones: Tombstones): Tombstones;
	guard?(guard: Guard, now: () => number): Guard;
	tombstones?(tombstones: Tombstones, store: ObjectStore): Tombstones;
	hands?(hands: Hands, cycle: {inventory: RepositoryInventory; now: () => number}): Hands;
	inventory?(inventory: RepositoryInventory): RepositoryInventory;
	collectorStore?(store: ObjectStore): ObjectStore;
};

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
	const acknowledged: {name: DocumentName; at: number; tag: string | undefined}[] = [];
	let removed = 0;

	const simulation = createSimulation({
		async onRemoved(key, bytes) {
			if (key.includes('/_gc/')) return;
			removed += 1;
			if (key.includes('/_tags/') && !isDeleted(bytes)) wrong.push(`${key} was removed, and is no deleted tag`);
			for (const {name, tag, at} of acknowledged) {
				const isPromised = tag === undefined ? simulation.now() - at < promisedMs : await isAt(tag, name);
				const gone = isPromised ? await goneOf(documents[name].digest) : undefined;
				if (gone) wrong.push(`${name}${tag ? ` at ${tag}` : ''} was acknowledged, and ${gone} is gone`);
			}
		},
		onWritten(key, bytes) {
			// Who moves a tag, or deletes it, ends what was promised of it; and what comes back there unacknowledged was not promised.
			const isEnded = ({name, tag}: (typeof acknowledged)[number]) =>
				tag !== undefined && key === keys.tag(repo, parseTag(tag)) && (isDeleted(bytes) || digestIn(bytes) !== documents[name].digest);
			acknowledged.splice(0, acknowledged.length, ...acknowledged.filter(promise => !isEnded(promise)));
		},
	});
	const {store, now, note} = simulation;

	const isAt = async (tag: string, name: DocumentName): Promise<boolean> => {
		const object = await store.read(keys.tag(repo, parseTag(tag)));
		if (!object) return false;
		const bytes = await readAll(object.body);
		return !isDeleted(bytes) && digestIn(bytes) === documents[name].digest;
	};

	/** The first key that is missing of what this manifest leads to. */
	const goneOf = async (digest: Digest): Promise<string | undefined> => {
		for (const key of keysOf(digest)) if (!(await store.stat(key))) return key;
		return undefined;
	};

	const openServer = (index: number): Server => {
		const process = simulation.createProcess();
		// Whatever a server's own clock says.
		const elapsed = () => now() + index * 1000;
		const clock = () => now() + (index === 0 ? -1 : 1) * 40 * 60_000;
		const real = createTombstones(process.store, {lifetimes, elapsed});
		const tombstones = mutation.serverTombstones?.(real) ?? real;
		const plain = createGuard(process.store, tombstones, {lifetimes, elapsed, wait: process.wait});
		const guard = mutation.guard?.(plain, elapsed) ?? plain;
		const toleratesMissing = () => false;
		return {
			process,
			registry: createStoredRegistry(process.store, {clock, elapsed, urlLifeSeconds: 60, lifetimes, guard, toleratesMissing}),
		};
	};
	const servers = [openServer(0), openServer(1)];

	/** One that has ended is started anew, and knows nothing. */
	const ask = async <T>(by: number, work: (registry: Registry) => Promise<T>): Promise<T> => {
		const index = by % servers.length;
		if (servers[index]?.process.isOver()) servers[index] = openServer(index);
		const {process, registry} = servers[index] as Server;
		return Promise.race([work(registry), process.ended]);
	};

	const bytesOf = async function* (name: BlobName) {
		yield blobs[name].bytes;
	};

	const acknowledge = async (who: string, name: DocumentName, tag: string | undefined): Promise<void> => {
		note(`${who}: ${name} is acknowledged${tag ? ` at ${tag}` : ''}`);
		// Another may have moved the tag before the answer came.
		if (tag === undefined || (await isAt(tag, name))) acknowledged.push({name, at: now(), tag});
		const gone = await goneOf(documents[name].digest);
		if (gone) wrong.push(`${name} is acknowledged, and ${gone} is gone`);
	};

	const has = (by: number, work: (registry: Registry) => Promise<unknown>): Promise<boolean> =>
		ask(by, registry => work(registry).then(() => true, falseIfUnknown));

	const putBlob = (by: number, name: BlobName) =>
		ask(by, registry => registry.putBlob(repo, blobs[name].digest, bytesOf(name), blobs[name].bytes.length));

	const mount = (by: number, name: BlobName) => ask(by, registry => registry.mountBlob(repo, blobs[name].digest, elsewhere));

	const putManifest = async (who: string, by: number, name: DocumentName, tag: string | undefined): Promise<void> => {
		const {bytes, mediaType, digest} = documents[name];
		const as = tag === undefined ? {digest, tags: []} : {tags: [parseTag(tag)]};
		await ask(by, registry => registry.putManifest(repo, {bytes, mediaType}, as));
		await acknowledge(who, name, tag);
	};

	/** As BuildKit and Docker do it: what it is told is there it does not send. */
	const push = async (who: string, by: number, name: DocumentName, tag: string | undefined): Promise<void> => {
		const {digest, blobs: layers, children} = documents[name];
		for (const child of children) await push(who, by, child, undefined);
		for (const layer of layers) {
			if (!(await has(by, registry => registry.statBlob(repo, blobs[layer].digest, 'pusher')))) await putBlob(by, layer);
		}
		const reference: Reference = tag === undefined ? digest : parseTag(tag);
		const there = await ask(by, registry => registry.getManifest(repo, reference, 'pusher').catch(undefinedIfUnknown));
		if (there?.digest === digest) return acknowledge(who, name, tag);
		await putManifest(who, by, name, tag);
	};

	/** As some do it: everything, without a question. */
	const send = async (who: string, by: number, name: DocumentName, tag: string | undefined, mounts = false): Promise<void> => {
		const {blobs: layers, children} = documents[name];
		for (const child of children) await send(who, by, child, undefined, mounts);
		for (const layer of layers) if (!(mounts && (await mount(by, layer)))) await putBlob(by, layer);
		await putManifest(who, by, name, tag);
	};

	/** As BuildKit does it: the tag, its digest, then for a long time what that names. */
	const importTag = async (who: string, by: number, tag: string): Promise<void> => {
		const found = await ask(by, registry => registry.getManifest(repo, parseTag(tag), 'importer').catch(undefinedIfUnknown));
		if (!found || (await goneOf(found.digest))) return;
		const begun = now();
		const fail = (what: string) => {
			if (now() - begun < quarantineMs) wrong.push(`${who} had the digest of ${tag} from ${begun}, and could not read ${what}`);
		};
		const read = async (digest: Digest): Promise<void> => {
			const stored = await ask(by, registry => registry.getManifest(repo, digest).catch(undefinedIfUnknown));
			if (!stored) return fail(digest);
			for (const {descriptor, as} of references(parseManifest(stored.bytes, stored.mediaType))) {
				if (as === 'manifest') await read(descriptor.digest);
				else {
					const blob = await ask(by, registry => registry.readBlob(repo, descriptor.digest).catch(undefinedIfUnknown));
					if (!blob) fail(descriptor.digest);
					blob?.body.destroy();
				}
			}
		};
		await read(found.digest);
	};

	const memories = [createWalkMemory(), createWalkMemory()];
	const collect = async (by: number): Promise<void> => {
		const process = simulation.createProcess();
		const collecting = mutation.collectorStore?.(process.store) ?? process.store;
		const memory = memories[by % memories.length];
		const plain = createTombstones(collecting, {lifetimes, elapsed: now});
		const tombstones = mutation.tombstones?.(plain, collecting) ?? plain;
		const guard = createGuard(collecting, plain, {lifetimes, elapsed: now, wait: process.wait});
		const tags = createTags(collecting, guard);
		const cycle = async () => {
			for await (const walked of walkRepositories(collecting, {memory})) {
				const inventory = mutation.inventory?.(walked) ?? walked;
				const real = createHands(collecting, {tombstones, tags, pace: async () => {}, onDeleted() {}});
				const hands = mutation.hands?.(real, {inventory, now}) ?? real;
				const options = {hands, lifetimes, memory: memory ?? createWalkMemory(), onDeed() {}, onRemoved() {}};
				await collectRepository(inventory, {...options, decision: supersededGo(inventory)});
			}
		};
		await Promise.race([cycle(), process.ended]);
	};

	const carryOut = async (who: string, command: Command): Promise<void> => {
		const {by} = command;
		const begun = now();
		try {
			switch (command.kind) {
				case 'push':
					return await push(who, by, command.document, command.tag);
				case 'putBlob':
					return await putBlob(by, command.blob);
				case 'send':
					return await send(who, by, command.document, command.tag, command.mounts);
				case 'mount':
					return void (await mount(by, command.blob));
				case 'putManifest':
					return await putManifest(who, by, command.document, command.tag);
				case 'deleteTag':
					return void (await ask(by, registry => registry.deleteTag(repo, parseTag(command.tag))));
				case 'import':
					return await importTag(who, by, command.tag);
				case 'collect':
					return await collect(by);
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

/** Another repository, whose layers may be mounted. */
const fill = async (store: ObjectStore): Promise<void> => {
	const {bytes, mediaType, digest, blobs: layers} = documents.both;
	for (const name of layers) await store.write(keys.blob(elsewhere, blobs[name].digest), blobs[name].bytes);
	await store.write(keys.manifest(elsewhere, digest), bytes, {contentType: mediaType});
	const tag = {digest, mediaType, size: bytes.length, pushedAt: '2026-03-01T00:00:00Z', previous: [], nonce: 'first'};
	await store.write(keys.tag(elsewhere, parseTag('main')), Buffer.from(JSON.stringify(tag)));
};

type Server = {process: Process; registry: Registry};

// A manifest that was acknowledged is young for a grace, and then waits a quarantine; half of that is believed of it at the most.
const promisedMs = quarantineMs / 2;

// Twice in a quarantine, and never at its very end.
const cycleMs = quarantineMs / 2 + 1000;
const garbageCycles = 1 + Math.floor((graceMs + 2 * quarantineMs) / cycleMs) + 1 + 2;

const undefinedIfUnknown = (error: unknown): undefined => {
	if (error instanceof OciError && (error.code === 'MANIFEST_UNKNOWN' || error.code === 'BLOB_UNKNOWN')) return undefined;
	throw error;
};
const falseIfUnknown = (error: unknown): false => {
	undefinedIfUnknown(error);
	return false;
};

const isDeleted = (tag: Uint8Array): boolean => JSON.parse(Buffer.from(tag).toString()).deleted === true;
const digestIn = (tag: Uint8Array): Digest => JSON.parse(Buffer.from(tag).toString()).digest;

const supersededGo = ({repo, tags}: RepositoryInventory): RetentionDecision => ({
	removals: [...tags].flatMap(([tag, {previous}]) =>
		previous.map(({digest}) => ({repo, kind: 'superseded' as const, tag, digest, reason: 'superseded', exclusiveBytes: 0})),
	),
	untaggedMs: 0,
});

const manifestsByDigest: ReadonlyMap<Digest, Manifest> = new Map(
	Object.values(documents).map(({digest, bytes, mediaType}) => [digest, parseManifest(bytes, mediaType)]),
);

/** All that a manifest leads to, itself first. */
const keysOf = (digest: Digest): string[] => {
	const manifest = manifestsByDigest.get(digest);
	if (!manifest) return [];
	const named = references(manifest).flatMap(({descriptor, as}) =>
		as === 'manifest' ? keysOf(descriptor.digest) : [keys.blob(repo, descriptor.digest)],
	);
	return [keys.manifest(repo, digest), ...named];
};

/** Live tags whose manifest is gone. */
const leadingNowhere = async (store: ObjectStore): Promise<string[]> => {
	const found: string[] = [];
	for await (const entry of store.list(keys.tags(repo))) {
		const object = 'key' in entry ? await store.read(entry.key) : undefined;
		const bytes = object && (await readAll(object.body));
		if (!bytes || isDeleted(bytes) || (await store.stat(keys.manifest(repo, digestIn(bytes))))) continue;
		found.push(`${object.facts.key} leads to ${digestIn(bytes)}, which is gone`);
	}
	return found;
};

/** What lies in the store and no live tag leads to. */
const leftOver = async (store: ObjectStore): Promise<string[]> => {
	const kept = new Set<string>();
	const found: string[] = [];
	for await (const entry of store.list(`repos/${repo}/`)) {
		if (!('key' in entry)) continue;
		found.push(entry.key);
		if (!entry.key.includes('/_tags/')) continue;
		const object = await store.read(entry.key);
		const bytes = object ? await readAll(object.body) : Buffer.from('{}');
		if (isDeleted(bytes)) continue;
		kept.add(entry.key);
		for (const key of keysOf(digestIn(bytes))) kept.add(key);
	}
	for (const {digest, subject} of Object.values(documents)) {
		if (subject && kept.has(keys.manifest(repo, subject))) for (const key of keysOf(digest)) kept.add(key);
		if (subject && kept.has(keys.manifest(repo, digest))) kept.add(keys.referrer(repo, subject, digest));
	}
	return found.filter(key => !kept.has(key) && !key.includes('/_gc/')).map(key => `${key} is still there`);
};
