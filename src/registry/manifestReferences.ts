/** What manifests name: whether it is there, and stays there for whoever is told so. */
import {
	type Descriptor,
	type Digest,
	errorTable,
	type Manifest,
	OciError,
	parseManifest,
	type RepositoryName,
	references,
	subjectOf,
} from 'oci-spec-types';
import {mapParallel} from '../lib/mapInOrder.ts';
import type {Guard, Occasion, Secured} from './guard.ts';
import {keys} from './keys.ts';
import type {Presence} from './presence.ts';
import type {StoredManifest} from './registry.ts';

/** Says of which missing references a manifest is accepted all the same. */
export type ToleratesMissing = (manifest: Manifest, descriptor: Descriptor) => boolean;

export type ReferencesOptions = {
	presence: Presence;
	guard: Guard;
	manifests: KnownManifests;
	toleratesMissing: ToleratesMissing;
};

/** The manifests of the store, as far as they are remembered here. */
export type KnownManifests = {
	find(repo: RepositoryName, digest: Digest): Promise<StoredManifest | undefined>;
	/** In bytes. */
	sizeOf(repo: RepositoryName, digest: Digest): Promise<number | undefined>;
	/** What is remembered of it is worth nothing. */
	forget(repo: RepositoryName, digest: Digest): void;
};

/** `missing` references that it may have. */
export type CheckedReferences = {missing: Digest[]; secured: Secured};

export const createManifestReferences = ({presence, guard, manifests, toleratesMissing}: ReferencesOptions) => {
	/** Secures a manifest, whether or not it is there yet, and what it names. What is doubtful is asked of the store from then on. */
	const secure = async (repo: RepositoryName, digest: Digest, manifest: Manifest, occasion: Occasion): Promise<Secured> => {
		const named = references(manifest).map(({descriptor, as}) => ({digest: descriptor.digest, as}));
		const secured = await guard.secure(repo, [...ownKeys(repo, digest, manifest), ...named.flatMap(one => keysOf(repo, one))], occasion);
		if (secured.doubtful.size === 0) return secured;
		for (const {digest: doubted} of [{digest}, ...named]) {
			if (secured.doubtful.has(keys.blob(repo, doubted))) presence.removed(repo, doubted);
			if (secured.doubtful.has(keys.manifest(repo, doubted))) manifests.forget(repo, doubted);
		}
		return secured;
	};

	/** The sizes of those that are there. A manifest somebody began to delete is there when all that it names is. */
	const sizesOf = async (repo: RepositoryName, digests: readonly Digest[], doubtful: ReadonlySet<string>) => {
		const sizes = await mapParallel(digests, requestsAtOnce, async digest => {
			if (!doubtful.has(keys.manifest(repo, digest))) return [digest, await manifests.sizeOf(repo, digest)] as const;
			const stored = await manifests.find(repo, digest);
			return [digest, stored && (await isWhole(repo, stored)) ? stored.bytes.length : undefined] as const;
		});
		return new Map(sizes.filter((row): row is readonly [Digest, number] => row[1] !== undefined));
	};

	/** Throws unless each reference is there, with the size it says; answers those that are missing and may be. */
	const missing = async (repo: RepositoryName, manifest: Manifest, doubtful: ReadonlySet<string>): Promise<Digest[]> => {
		const all = references(manifest);
		const named = (...kinds: readonly Kind[]) => [
			...new Set(all.filter(({as}) => kinds.includes(as)).map(({descriptor}) => descriptor.digest)),
		];
		const blobs = await presence.findAll(repo, named('blob', 'either'));
		const children = [...named('manifest'), ...named('either').filter(digest => !blobs.has(digest))];
		const sizes = await sizesOf(repo, children, doubtful);
		const sizeOf = ({descriptor: {digest}, as}: (typeof all)[number]) =>
			(as === 'manifest' ? undefined : blobs.get(digest)) ?? (as === 'blob' ? undefined : sizes.get(digest));

		for (const reference of all) {
			const stored = sizeOf(reference);
			const {digest, size} = reference.descriptor;
			if (stored !== undefined && stored !== size) throw new OciError('SIZE_INVALID', {digest, inManifest: size, stored});
		}
		// BuildKit names a layer once for each result that has it.
		const absent = new Map(all.filter(reference => sizeOf(reference) === undefined).map(({descriptor}) => [descriptor.digest, descriptor]));
		const refused = [...absent.values()].filter(descriptor => !toleratesMissing(manifest, descriptor));
		if (refused.length > 0) throw missingError(refused);
		return [...absent.keys()];
	};

	/**
	 * Whether a stored manifest and everything below it is there; all of it is secured. Of what nobody began to delete it is believed. `looked`
	 * at on the way: in a few small indexes that name one another many times there are more ways than anyone could walk.
	 */
	const isWhole = async (repo: RepositoryName, stored: StoredManifest, looked: Looked = new Map()): Promise<boolean> => {
		const {digest} = stored;
		const manifest = parseManifest(stored.bytes, stored.mediaType);
		const secured = await secure(repo, digest, manifest, 'head');
		const {doubtful} = secured;
		const own = keys.manifest(repo, digest);
		if (doubtful.has(own) && !(await manifests.find(repo, digest))) return false;

		const isBelowWhole = async (child: Digest): Promise<boolean> => {
			const below = await manifests.find(repo, child);
			return below !== undefined && isWhole(repo, below, looked);
		};
		const isThere = async ({descriptor, as}: ReturnType<typeof references>[number]): Promise<boolean> => {
			const [blob, child] = [keys.blob(repo, descriptor.digest), keys.manifest(repo, descriptor.digest)];
			const isDoubtful = doubtful.has(blob) || doubtful.has(child);
			if (as !== 'manifest' && !isDoubtful) return true;
			if (as !== 'manifest' && (await presence.find(repo, descriptor.digest, 'reader')) !== undefined) return true;
			if (as === 'blob') return false;
			const answer = looked.get(descriptor.digest) ?? isBelowWhole(descriptor.digest);
			looked.set(descriptor.digest, answer);
			return answer;
		};
		const answers = await mapParallel(references(manifest), requestsAtOnce, isThere);
		// Who was held up for long on the way knows what was, and not what is.
		return answers.every(Boolean) && (!guard.isOver(secured) || isWhole(repo, stored));
	};

	return {
		isWhole: (repo: RepositoryName, stored: StoredManifest) => isWhole(repo, stored),

		/** For a manifest that is about to be stored under this digest. Throws MANIFEST_BLOB_UNKNOWN, SIZE_INVALID. */
		async check(repo: RepositoryName, digest: Digest, manifest: Manifest): Promise<CheckedReferences> {
			const none = new Set<string>();
			const [secured, found] = await Promise.all([secure(repo, digest, manifest, 'manifest'), missing(repo, manifest, none)]);
			if (secured.doubtful.size === 0) return {secured, missing: found};
			return {secured, missing: await missing(repo, manifest, secured.doubtful)};
		},
	};
};

/** What was found of children, each once. */
type Looked = Map<Digest, Promise<boolean>>;

type Kind = ReturnType<typeof references>[number]['as'];

const requestsAtOnce = 16;

/** Where a manifest lies, and what is written beside it. */
const ownKeys = (repo: RepositoryName, digest: Digest, manifest: Manifest): string[] => {
	const subject = subjectOf(manifest);
	return [keys.manifest(repo, digest), ...(subject ? [keys.referrer(repo, subject.digest, digest)] : [])];
};

const keysOf = (repo: RepositoryName, {digest, as}: {digest: Digest; as: Kind}): string[] => [
	...(as === 'manifest' ? [] : [keys.blob(repo, digest)]),
	...(as === 'blob' ? [] : [keys.manifest(repo, digest)]),
];

// A manifest of 4 MiB names thousands; the first few tell a person what is wrong.
const namedMissing = 10;

const missingError = (missing: readonly Descriptor[]) => {
	const more = Math.max(0, missing.length - namedMissing);
	const detail = {missing: missing.slice(0, namedMissing).map(({digest, mediaType}) => ({digest, mediaType})), ...(more > 0 && {more})};
	// In the message too: BuildKit shows a detail only when it is a string.
	const others = missing.length > 1 ? ` and ${missing.length - 1} more` : '';
	return new OciError('MANIFEST_BLOB_UNKNOWN', detail, {
		message: `${errorTable.MANIFEST_BLOB_UNKNOWN.message}: ${missing[0]?.digest}${others}`,
	});
};
