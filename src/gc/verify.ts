/** `verify`: every blob's and manifest's bytes against its digest, and what must not be: manifests without their blobs, tags that point nowhere. Deletes nothing. */
import {createHash} from 'node:crypto';
import {type Digest, digestAlgorithm, formatDigest, type RepositoryName, repositoryNameSchema} from 'oci-spec-types';
import {z} from 'zod';
import {mapInOrder} from '../lib/mapInOrder.ts';
import {createPace, type PaceOptions} from '../lib/pace.ts';
import {readDocument, swapDocument} from '../registry/documents.ts';
import type {RepositoryInventory} from '../registry/inventory.ts';
import {keys} from '../registry/keys.ts';
import {walkRepositories} from '../registry/walk.ts';
import type {ObjectStore} from '../storage/objectStore.ts';
import {type Finding, findInconsistencies, findingSchema} from './findInconsistencies.ts';
import {gcKeys} from './gcKeys.ts';

export type VerifyOptions = Omit<PaceOptions, 'perSecond'> & {
	/** As many as can be, where nothing is said. */
	bytesPerSecond?: number;
	/** Only these repositories; `pattern` is what was asked for: only a run of the same is gone on with. */
	only?: {pattern: string; matches(repo: RepositoryName): boolean};
	/** From the beginning, not from where the last run was left. */
	restart?: boolean;
	/** A tombstone that nobody has changed for so long should not be there any more. */
	staleTombstoneMs: number;
	/** Ends it; the next run goes on from there. */
	signal: AbortSignal;
	/** Often. */
	onProgress?: (progress: Verification & {repository: RepositoryName}) => void;
};

/** Store's time, ISO 8601. `complete`: it came to the end; else the next run goes on. `checked` are blobs and manifests whose bytes were read. */
export type Verification = z.infer<typeof verificationSchema>;

/**
 * Goes through the repositories one after the other, as the last run left it. Bytes are hashed as they come, some objects
 * at a time; a chunk of each is in memory. Throws when the store is away, and can be run again then.
 */
export const verify = async (store: ObjectStore, options: VerifyOptions): Promise<Verification> => {
	const {only, signal, onProgress} = options;
	const run = options.restart ? undefined : await readRun(store, only?.pattern);
	const state = run ?? {...newVerification(await store.now()), pattern: only?.pattern};
	const pace = createPace({...options, perSecond: options.bytesPerSecond});
	let checkpointAt = options.elapsed() + checkpointMs;

	const checkpoint = async () => {
		if (options.elapsed() < checkpointAt) return;
		await writeRun(store, state);
		checkpointAt = options.elapsed() + checkpointMs;
	};

	const verifyRepository = async (inventory: RepositoryInventory) => {
		const {repo} = inventory;
		const inRepository = state.within?.repo === repo ? state.within.after : undefined;
		const unreadable: Finding[] = [];
		for await (const {object, outcome} of mapInOrder(objectsOf(inventory, inRepository), parallelReads, async object => {
			signal.throwIfAborted();
			return {object, outcome: await verifyObject(store, object, pace)};
		})) {
			signal.throwIfAborted();
			if ('error' in outcome) {
				unreadable.push({kind: 'unreadable', ...named(repo, object), problem: `it cannot be read: ${outcome.error.message}`});
				if (unreadable.length >= manyFailures) throw outcome.error;
				continue;
			}
			// The store is there, so those before it were each at fault themselves.
			note(state, ...unreadable.splice(0));
			if ('bytes' in outcome) {
				add(state.checked, outcome.bytes);
				if (outcome.problem) note(state, {kind: 'damaged', ...named(repo, object), problem: outcome.problem});
			}
			state.within = {repo, after: object.key};
			onProgress?.({...state, repository: repo});
			await checkpoint();
		}
		for await (const finding of findInconsistencies(store, inventory, options)) {
			signal.throwIfAborted();
			note(state, finding);
		}
		note(state, ...unreadable);
	};

	try {
		for await (const inventory of walkRepositories(store, {after: state.after})) {
			signal.throwIfAborted();
			if (only && !only.matches(inventory.repo)) continue;
			await verifyRepository(inventory);
			state.repositories += 1;
			state.after = inventory.repo;
			state.within = undefined;
			await checkpoint();
		}
		state.complete = true;
	} catch (error) {
		if (!signal.aborted) {
			await writeRun(store, state).catch(() => undefined);
			throw error;
		}
	}
	state.endedAt = (await store.now()).toISOString();
	await writeRun(store, state);
	return verificationSchema.parse(state);
};

/** The last run, for `status`; it may still go on. */
export const lastVerification = async (store: ObjectStore): Promise<Verification | undefined> =>
	(await readDocument(store, gcKeys.verify, verificationSchema))?.value;

const verificationSchema = z.object({
	startedAt: z.iso.datetime(),
	endedAt: z.iso.datetime().optional(),
	complete: z.boolean(),
	repositories: z.number(),
	checked: z.object({count: z.number(), bytes: z.number()}),
	/** The first thousand. */
	findings: z.array(findingSchema),
	findingCount: z.number(),
});

/** `after`: the last repository that was looked through; `within`: the one that is, and its last object. */
const runSchema = verificationSchema.extend({
	pattern: z.string().optional(),
	after: repositoryNameSchema.optional(),
	within: z.object({repo: repositoryNameSchema, after: z.string()}).optional(),
});
type Run = z.infer<typeof runSchema>;

const newVerification = (startedAt: Date): Verification => ({
	startedAt: startedAt.toISOString(),
	complete: false,
	repositories: 0,
	checked: {count: 0, bytes: 0},
	findings: [],
	findingCount: 0,
});

const readRun = async (store: ObjectStore, pattern: string | undefined): Promise<Run | undefined> => {
	const run = (await readDocument(store, gcKeys.verify, runSchema))?.value;
	return run && !run.complete && run.pattern === pattern ? {...run, endedAt: undefined} : undefined;
};

// Who verifies at the same time has done the same work: whichever is written last, a run goes on from a place that was reached.
const writeRun = (store: ObjectStore, run: Run) => swapDocument(store, gcKeys.verify, runSchema, () => run);

const add = (checked: Verification['checked'], bytes: number) => {
	checked.count += 1;
	checked.bytes += bytes;
};

const note = (verification: Verification, ...findings: readonly Finding[]) => {
	verification.findingCount += findings.length;
	verification.findings.push(...findings.slice(0, Math.max(0, maxFindings - verification.findings.length)));
};

const named = (repository: RepositoryName, {key, digest}: Verifiable) => ({repository, key, digest});

type Verifiable = {key: string; digest: Digest};

/** In the byte order of their keys: blobs, then manifests. */
function* objectsOf({repo, blobs, manifests}: RepositoryInventory, after = ''): Generator<Verifiable> {
	for (const {digest} of blobs) {
		const key = keys.blob(repo, digest);
		if (key > after) yield {key, digest};
	}
	for (const digest of manifests.keys()) {
		const key = keys.manifest(repo, digest);
		if (key > after) yield {key, digest};
	}
}

/** `gone`: deleted since it was listed. */
type Outcome = {bytes: number; problem?: string} | {error: Error} | {gone: true};

const verifyObject = async (store: ObjectStore, {key, digest}: Verifiable, pace: (bytes: number) => Promise<void>): Promise<Outcome> => {
	const hash = createHash(digestAlgorithm(digest));
	let bytes = 0;
	try {
		const object = await store.read(key);
		if (!object) return {gone: true};
		for await (const chunk of object.body) {
			hash.update(chunk);
			bytes += chunk.length;
			await pace(chunk.length);
		}
	} catch (error) {
		if (!(error instanceof Error)) throw error;
		return {error};
	}
	const actual = formatDigest(digestAlgorithm(digest), hash.digest('hex'));
	return actual === digest ? {bytes} : {bytes, problem: `its ${bytes} bytes have the digest ${actual}`};
};

// A disk has bad sectors here and there; where nothing can be read, the store is away.
const manyFailures = 10;
const parallelReads = 8;
const maxFindings = 1000;
const checkpointMs = 10_000;
