/** A registry that answers from its upstreams what it does not have itself: passed on as it comes, or by sending the client there. Nothing of it is kept. */
import {type Digest, isTag, OciError, parseManifest, type RepositoryName, subjectOf, type Tag} from 'oci-spec-types';
import {isCacheManifest} from '../cache/cacheDocument.ts';
import {mapParallel} from '../lib/mapInOrder.ts';
import {mergedInOrder} from '../lib/mergedInOrder.ts';
import type {Asker, Lends, Registry, StoredManifest} from '../registry/registry.ts';
import {unlessAbsent} from '../registry/unlessUnknown.ts';
import type {Glance} from './glances.ts';
import type {Routed, Routing} from './routing.ts';

export type UpstreamReadsOptions = {
	routing: Routing;
	/** Whether what was pushed here is on its way to an upstream, and so newer than what that has. */
	isWaiting: (repo: RepositoryName, tag: Tag, digest: Digest) => Promise<boolean>;
	/** How long an upstream is waited for where there is another answer. */
	glance: Glance;
	/** Whether clients may be sent to where an upstream would send us. */
	redirects: boolean;
	/** An upstream failed, and there was another answer. */
	onPassedOver: (facts: {repo: RepositoryName; upstream: string; error: unknown}) => void;
};

/** A cache that is here is answered from here. Of an image that went to an upstream, that says which one a tag means: others push there too. */
export const withUpstreamReads = (inner: Registry, options: UpstreamReadsOptions): Registry => {
	const {routing, isWaiting, glance, redirects, onPassedOver} = options;
	const readable = (repo: RepositoryName) => routing.within(repo).filter(({reads}) => reads === 'upstream');

	/** The first that has it. */
	const firstOf = async <T>(repo: RepositoryName, ask: (place: Routed) => Promise<T>): Promise<T | undefined> => {
		for (const place of readable(repo)) {
			const found = await ask(place).catch(unlessAbsent);
			if (found !== undefined) return found;
		}
		return undefined;
	};

	/** The same for whoever is about to push: what is told to be absent is sent, and why that does not go on is heard then. */
	const firstForPush = async <T>(repo: RepositoryName, ask: (place: Routed) => Promise<T>): Promise<T | undefined> =>
		firstOf(repo, place =>
			glance(place.upstream, () => ask(place).catch(unlessAbsent)).catch(error => {
				onPassedOver({repo, upstream: place.upstream, error});
				return undefined;
			}),
		);

	const byDigest = async (repo: RepositoryName, digest: Digest, asker: Asker | undefined): Promise<StoredManifest> => {
		let absence: unknown;
		const here = await inner.getManifest(repo, digest, asker).catch(error => {
			absence = error;
			return unlessAbsent(error);
		});
		if (here && !(asker === 'pusher' && (await isMissingThere(repo, here)))) return here;
		const first = asker === 'pusher' ? firstForPush : firstOf;
		const there = here ? undefined : await first(repo, ({registry, repository}) => registry.getManifest(repository, digest));
		if (there) return there;
		// It says what of a cache is missing here.
		if (absence) throw absence;
		return throwUnknown({digest});
	};

	/** What refers to an image was handed over without a tag, by the push itself. */
	const isMissingThere = async (repo: RepositoryName, here: StoredManifest): Promise<boolean> => {
		if (!subjectOf(parseManifest(here.bytes, here.mediaType))) return false;
		const place = routing.within(repo).find(({images}) => images === 'through');
		if (!place) return false;
		const {upstream, registry, repository} = place;
		return (await glance(upstream, () => registry.getManifest(repository, here.digest)).catch(() => undefined)) === undefined;
	};

	const byTag = async (repo: RepositoryName, tag: Tag, place: Routed, asker?: Asker, lends?: Lends): Promise<StoredManifest> => {
		const found = await inner.getManifest(repo, tag, asker, lends).catch(unlessAbsent);
		// Another tag's cache is for where there is none by this name, and there may be one elsewhere.
		const own = found?.derivation?.ways.includes('fallback') ? undefined : found;
		const isOurs = own && (place.images === 'here' || isCacheManifest(parseManifest(own.bytes, own.mediaType)));
		const asksThere = place.reads === 'upstream' || (own && asker === 'pusher');
		if (isOurs || !asksThere) return found ?? throwUnknown({tag});
		if (own && place.images === 'queued' && (await isWaiting(repo, tag, own.digest))) return own;

		const hasOther = found !== undefined || asker === 'pusher';
		const ask = () => readTag(place, tag, own);
		const there = await (hasOther ? glance(place.upstream, ask) : ask()).catch(error => {
			if (!hasOther) throw error;
			onPassedOver({repo, upstream: place.upstream, error});
			return asker === 'pusher' ? undefined : found;
		});
		// An image that was deleted there is gone; a pusher above all must know, who would not send it again.
		return there ?? (own ? undefined : found) ?? throwUnknown({tag});
	};

	/** The bytes come from here where they are the same. */
	const readTag = async ({registry, repository}: Routed, tag: Tag, own: StoredManifest | undefined) => {
		if (!own) return registry.getManifest(repository, tag).catch(unlessAbsent);
		const [facts] = await registry.readTag(repository, tag);
		if (!facts) return undefined;
		return facts.digest === own.digest ? own : registry.getManifest(repository, facts.digest).catch(unlessAbsent);
	};

	const isHere = async (repo: RepositoryName, digest: Digest) => (await inner.statBlob(repo, digest).catch(unlessAbsent)) !== undefined;

	/** Those that are routed there, strictly after `after`. */
	const tagsAt = async (repo: RepositoryName, place: Routed, given: {after?: string}): Promise<Tag[]> => {
		const tags = await Array.fromAsync(place.registry.listTags(place.repository, given)).catch(unlessAbsent);
		return (tags ?? []).filter(tag => isSame(place, routing.of(repo, tag)));
	};

	return {
		...inner,

		async getManifest(repo, reference, asker, lends) {
			if (!isTag(reference)) return byDigest(repo, reference, asker);
			const place = routing.of(repo, reference);
			return place ? byTag(repo, reference, place, asker, lends) : inner.getManifest(repo, reference, asker, lends);
		},

		// A cache is to be whole here, so who pushes with BuildKit hears of what is here alone. Whoever else names an asker is about to push, too, and
		// does not when this fails; a GET names none.
		async statBlob(repo, digest, asker) {
			if (asker === 'pusher' || readable(repo).length === 0) return inner.statBlob(repo, digest, asker);
			const here = await inner.statBlob(repo, digest, asker).catch(unlessAbsent);
			const first = asker ? firstForPush : firstOf;
			return here ?? (await first(repo, ({registry, repository}) => registry.statBlob(repository, digest))) ?? throwNoBlob(digest);
		},

		async readBlob(repo, digest, range) {
			if (readable(repo).length === 0) return inner.readBlob(repo, digest, range);
			const here = await inner.readBlob(repo, digest, range).catch(unlessAbsent);
			return here ?? (await firstOf(repo, ({registry, repository}) => registry.readBlob(repository, digest, range))) ?? throwNoBlob(digest);
		},

		async locateBlob(repo, digest) {
			if (readable(repo).length === 0 || (await isHere(repo, digest))) return inner.locateBlob(repo, digest);
			return redirects ? firstOf(repo, ({registry, repository}) => registry.locateBlob(repository, digest)) : undefined;
		},

		async *listTags(repo, given = {}) {
			const there = (await mapParallel(readable(repo), placesAtOnce, place => tagsAt(repo, place, given))).flat();
			if (there.length === 0) return yield* inner.listTags(repo, given);
			yield* mergedInOrder(unlessUnnamed(inner.listTags(repo, given)), [...new Set(there)].sort());
		},

		async *listReferrers(repo, digest, given = {}) {
			const lists = await mapParallel(readable(repo), placesAtOnce, async ({registry, repository}) =>
				Array.fromAsync(registry.listReferrers(repository, digest, given)).catch(unlessAbsent),
			);
			if (lists.length === 0) return yield* inner.listReferrers(repo, digest, given);
			const here = await Array.fromAsync(inner.listReferrers(repo, digest, given));
			const found = new Map([...lists.flatMap(list => list ?? []), ...here].map(descriptor => [descriptor.digest, descriptor]));
			yield* [...found.values()].toSorted((a, b) => (a.digest < b.digest ? -1 : 1));
		},
	};
};

const placesAtOnce = 4;

const isSame = (place: Routed, other: Routed | undefined) =>
	other?.reads === 'upstream' && other.upstream === place.upstream && other.repository === place.repository;

/** None where there is no such repository. */
async function* unlessUnnamed(tags: AsyncIterable<Tag>): AsyncGenerator<Tag> {
	try {
		yield* tags;
	} catch (error) {
		unlessAbsent(error);
	}
}

const throwUnknown = (detail: {tag: Tag} | {digest: Digest}): never => {
	throw new OciError('MANIFEST_UNKNOWN', detail);
};

const throwNoBlob = (digest: Digest): never => {
	throw new OciError('BLOB_UNKNOWN', {digest});
};
