/**
 * A registry whose images go on to an upstream before their push is answered, or soon after; its caches stay. What is acknowledged is there, or in the
 * queue that leads there; what is not acknowledged may be there in part, and a repeated push completes it.
 */
import {
	type Digest,
	digestOf,
	type Manifest,
	OciError,
	parseManifest,
	type Reference,
	type RepositoryName,
	subjectOf,
	type Tag,
} from 'oci-spec-types';
import {isCacheManifest} from '../cache/cacheDocument.ts';
import {mapParallel} from '../lib/mapInOrder.ts';
import {type AcceptedManifest, type PushedAs, type PushedManifest, type Registry, TagProtected} from '../registry/registry.ts';
import {unlessAbsent} from '../registry/unlessUnknown.ts';
import {bring} from './bring.ts';
import type {HandOver} from './handOver.ts';
import type {Destination, Routed, Routing} from './routing.ts';

export type WriteThroughOptions = {
	routing: Routing;
	handOver: HandOver;
	/** Has it handed over, once for each tag; without one it goes by its digest alone. Safe from then on when this resolves. */
	enqueue: (repo: RepositoryName, digest: Digest, tags: readonly (Tag | undefined)[]) => Promise<void>;
};

export const withWriteThrough = (inner: Registry, {routing, handOver, enqueue}: WriteThroughOptions): Registry => {
	/** Kept by its digest at first: no tag here leads to what is not there. What the upstream has need not be here. */
	const putThrough = async (repo: RepositoryName, {pushed, as, manifest}: Push, through: readonly Placed[]): Promise<AcceptedManifest> => {
		const digest = as.digest ?? digestOf(pushed.bytes);
		if (as.unlessProtected) await assertMovable(repo, digest, as.tags);
		const kept = await inner.putManifest(repo, pushed, {...as, tags: []}).catch(unlessIncomplete);
		const given = {digest, bytes: pushed.bytes, mediaType: manifest.mediaType};
		for (const {place, tags} of byPlace(through)) {
			const give = () => handOver.give(repo, given, place, tags);
			await give().catch(async error => {
				unlessIncomplete(error);
				// The client was told of what another upstream has, and did not send it.
				await bring(inner, routing, repo, manifest);
				await give();
			});
		}
		// A tag that goes nowhere, or later, needs it here.
		if (kept || through.length < as.tags.length) return putHere(repo, {pushed, as, manifest});
		return {digest, manifest, subject: subjectOf(manifest)?.digest, missing: []};
	};

	/** Asked before anything is moved elsewhere. */
	const assertMovable = async (repo: RepositoryName, digest: Digest, tags: readonly Tag[]): Promise<void> => {
		await mapParallel(tags, requestsAtOnce, async tag => {
			const facts = await inner.readTag(repo, tag);
			if (facts.some(one => one.protected) && !facts.some(one => one.digest === digest)) throw new TagProtected(tag);
		});
	};

	const putHere = async (repo: RepositoryName, {pushed, as, manifest}: Push): Promise<AcceptedManifest> => {
		const accepted = await inner.putManifest(repo, pushed, as).catch(unlessIncomplete);
		if (accepted) return accepted;
		await bring(inner, routing, repo, manifest);
		return inner.putManifest(repo, pushed, as);
	};

	const isCacheHere = async (repo: RepositoryName, reference: Reference): Promise<boolean> => {
		const stored = await inner.getManifest(repo, reference).catch(unlessAbsent);
		return stored !== undefined && isCacheManifest(parseManifest(stored.bytes, stored.mediaType));
	};

	return {
		...inner,

		async putManifest(repo, pushed, as) {
			if (routing.within(repo).length === 0) return inner.putManifest(repo, pushed, as);
			const manifest = parseManifest(pushed.bytes, pushed.mediaType);
			const places = placesOf(routing, repo, manifest, as.tags);
			const isCache = isCacheManifest(manifest);
			const through = isCache ? [] : places.filter(({place}) => place.images === 'through');
			const queued = places.filter(({place}) => (isCache ? place.caches === 'both' : place.images === 'queued'));
			const push = {pushed, as, manifest};
			const accepted = await (through.length > 0
				? putThrough(repo, push, through)
				: isCache
					? inner.putManifest(repo, pushed, as)
					: putHere(repo, push));
			// When the tag has it: whoever takes it from the queue looks what the tag has by then.
			const waiting = queued.map(({tag}) => tag);
			if (waiting.length > 0) await enqueue(repo, accepted.digest, waiting);
			return accepted;
		},

		async deleteTag(repo, tag) {
			const place = routing.of(repo, tag);
			if (place && place.images !== 'here' && !(await isCacheHere(repo, tag))) throw notOurs(place, tag);
			await inner.deleteTag(repo, tag);
		},

		async deleteManifest(repo, digest) {
			const places = routing.within(repo).filter(({images}) => images !== 'here');
			if (places.length > 0 && !(await isCacheHere(repo, digest))) {
				for (const place of places)
					if (await place.registry.getManifest(place.repository, digest).catch(unlessAbsent)) throw notOurs(place, digest);
			}
			await inner.deleteManifest(repo, digest);
		},
	};
};

type Push = {pushed: PushedManifest; as: PushedAs; manifest: Manifest};
type Placed = {tag: Tag | undefined; place: Routed};

const requestsAtOnce = 16;

/**
 * Where each tag goes. What refers to an image, such as its signature, has no tag, and goes where images of its repository go; any other manifest
 * without one waits here for the index that names it.
 */
const placesOf = (routing: Routing, repo: RepositoryName, manifest: Manifest, tags: readonly Tag[]): readonly Placed[] => {
	if (tags.length > 0)
		return tags.flatMap(tag => {
			const place = routing.of(repo, tag);
			return place ? [{tag, place}] : [];
		});
	const place = subjectOf(manifest) && routing.within(repo).find(({images}) => images !== 'here');
	return place ? [{tag: undefined, place}] : [];
};

const byPlace = (placed: readonly Placed[]): readonly {place: Destination; tags: readonly Tag[]}[] =>
	[...Map.groupBy(placed, ({place}) => `${place.upstream} ${place.repository}`).values()].map(group => ({
		place: (group[0] as Placed).place,
		tags: group.flatMap(({tag}) => tag ?? []),
	}));

/** Undefined where something that a manifest names is not here; rethrows anything else. */
const unlessIncomplete = (error: unknown): undefined => {
	if (!(error instanceof OciError && error.code === 'MANIFEST_BLOB_UNKNOWN')) throw error;
	return undefined;
};

const notOurs = ({upstream, repository}: Destination, reference: Reference) =>
	new OciError(
		'UNSUPPORTED',
		{upstream, name: repository, reference},
		{message: `this image lies at the upstream ${upstream}, as ${repository}: delete it there`},
	);
