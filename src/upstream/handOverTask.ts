/** Does what waits in the queue: gives the image, or what the tag answers of a cache, to where its route leads. */
import {OciError, parseManifest} from 'oci-spec-types';
import {isCacheManifest} from '../cache/cacheDocument.ts';
import type {Registry} from '../registry/registry.ts';
import {unlessAbsent} from '../registry/unlessUnknown.ts';
import {cacheForUpstream} from './cacheForUpstream.ts';
import type {HandOver} from './handOver.ts';
import type {HandOverTask, Queue} from './queue.ts';
import type {Routed, Routing} from './routing.ts';

export type HandOverTaskOptions = {
	/** Answers importers as clients are answered. */
	from: Registry;
	routing: Routing;
	handOver: HandOver;
	queue: Pick<Queue, 'add' | 'has'>;
};

/** `to`: the name of the upstream that has it now; undefined where there was nothing to give. Throws what the upstream refuses. */
export type HandOverTaskDone = {to?: string};

/** The upstream that it is for now; undefined where no route leads to one. */
export const upstreamOfTask = (routing: Routing, task: HandOverTask): string | undefined => {
	try {
		return placeOf(routing, task)?.upstream;
	} catch (error) {
		// Whoever works at it is told what is wrong with its route.
		if (error instanceof OciError) return undefined;
		throw error;
	}
};

export const createHandOverTask = ({from, routing, handOver, queue}: HandOverTaskOptions) => {
	const newestOf = async ({repo, tag}: HandOverTask) => (tag ? (await from.readTag(repo, tag))[0]?.digest : undefined);

	/** Of several pushes to a tag the last one has it, here and there; whatever came first, and whoever was slow. */
	const settleTag = async (task: HandOverTask, {registry, repository}: Routed): Promise<void> => {
		const {repo, tag, digest} = task;
		const newest = await newestOf(task);
		if (!tag || !newest || newest === digest || (await queue.has(repo, tag, newest))) return;
		const [there] = await registry.readTag(repository, tag);
		if (there?.digest !== newest) await queue.add(repo, newest, [tag]);
	};

	const giveCache = async ({repo, tag}: HandOverTask, place: Routed): Promise<HandOverTaskDone> => {
		const answer = tag && place.caches === 'both' ? await from.getManifest(repo, tag, 'importer').catch(unlessAbsent) : undefined;
		// The tag is gone, and what it answers now is another's.
		if (!tag || !answer || answer.derivation?.ways.includes('fallback')) return {};
		const cache = await cacheForUpstream(from, repo, answer);
		if (cache) await handOver.give(repo, cache, place, [tag]);
		return cache ? {to: place.upstream} : {};
	};

	return async (task: HandOverTask): Promise<HandOverTaskDone> => {
		const {repo, tag, digest} = task;
		const place = placeOf(routing, task);
		if (!place) throw noRoute();
		const stored = await from.getManifest(repo, digest).catch(unlessAbsent);
		// Somebody deleted it before it was there.
		if (!stored) return {};
		if (isCacheManifest(parseManifest(stored.bytes, stored.mediaType))) return giveCache(task, place);
		const newest = await newestOf(task);
		const isNewest = newest === undefined || newest === digest;
		await handOver.give(repo, stored, place, tag && isNewest ? [tag] : []);
		await settleTag(task, place);
		return {to: place.upstream};
	};
};

const placeOf = (routing: Routing, {repo, tag}: HandOverTask): Routed | undefined =>
	tag ? routing.of(repo, tag) : routing.within(repo).find(({images}) => images !== 'here');

const noRoute = () =>
	new OciError('UNSUPPORTED', undefined, {message: 'no route of the policy leads to an upstream for it any more: add one, or drop it'});
