/** What a tag answers an importer: its own cache or what has to be made of it, a union, or another tag's where there is nothing. */
import {type Digest, OciError, type RepositoryName, type Tag} from 'oci-spec-types';
import type {DerivedPointers} from '../registry/derivedPointers.ts';
import type {Derivation, DerivationWay, Lends, Registry, StoredManifest} from '../registry/registry.ts';
import {type CacheSource, createCacheSources, type TagContent} from './cacheSources.ts';
import {planOf} from './derivation.ts';
import {createDerivedDocuments} from './derivedDocuments.ts';
import {createLayerHealth, type LayerHealthOptions} from './layerHealth.ts';
import type {RefRules} from './refBehaviour.ts';

export type RefAnswers = ReturnType<typeof createRefAnswers>;

export type RefAnswersOptions = LayerHealthOptions & {
	rules: RefRules;
	pointers: DerivedPointers;
	/** BuildKit imports no manifest and no config above this. */
	limitBytes: number;
	/** An importer was told something else than what was pushed to the tag. */
	onDerived: (event: DerivedEvent) => void;
};

/** `missing` are layers of the sources that are gone; `made`: just now, and not earlier. */
export type DerivedEvent = Derivation & {repo: RepositoryName; tag: Tag; digest: Digest; missing: readonly Digest[]; made: boolean};

/** What `explain` says; `digest` is missing where the document would have to be made first, `answer` tells from which tag it comes. */
export type RefExplanation = {
	repository: RepositoryName;
	tag: Tag;
	answer: 'nothing' | 'as pushed' | 'derived';
	from?: Tag;
	digest?: Digest;
	ways: readonly DerivationWay[];
	sources: readonly {tag: Tag; digest: Digest; pushedAt: string; layers: number; missing: readonly Digest[]}[];
	importLimitBytes: number;
};

export const createRefAnswers = (registry: Registry, options: RefAnswersOptions) => {
	const {rules, limitBytes} = options;
	const health = createLayerHealth(registry, options);
	const sources = createCacheSources(registry, rules, health);
	const documents = createDerivedDocuments(registry, options.pointers);

	/** The tag itself, then its chain: of other tags only caches, since nobody who asks for an image wants another one. */
	async function* candidates(repo: RepositoryName, tag: Tag, lends: Lends): AsyncGenerator<TagContent & {from: Tag}> {
		const own = await sources.of(repo, tag, lends);
		if (own) yield {...own, from: tag};
		if (own && 'other' in own) return;
		for (const from of rules.behaviourOf(repo, tag).fallback) {
			if (!lends(from)) continue;
			const content = await sources.of(repo, from, lends);
			if (content && 'caches' in content) yield {...content, from};
		}
	}

	/** Undefined where these caches cannot be served without breaking a build. */
	const serve = async (repo: RepositoryName, tag: Tag, from: Tag, caches: readonly CacheSource[]): Promise<StoredManifest | undefined> => {
		const plan = planOf(caches, limitBytes);
		const document = plan && (await documents.get(repo, tag, plan));
		// What we cannot read we cannot change, and BuildKit may know what to do with it.
		const stored = document?.stored ?? caches.find(({missing}) => missing.length === 0)?.stored;
		if (!stored) return undefined;
		const ways = waysOf(tag, from, caches, document?.ways);
		if (ways.length === 0) return stored;
		const derivation: Derivation = {ways, sources: caches.map(source => ({tag: source.tag, digest: source.digest}))};
		options.onDerived({repo, tag, digest: stored.digest, ...derivation, missing: plan?.missing ?? [], made: document?.made ?? false});
		return {...stored, derivation};
	};

	return {
		/** Throws MANIFEST_UNKNOWN. */
		async get(repo: RepositoryName, tag: Tag, lends: Lends = allLend): Promise<StoredManifest> {
			for await (const content of candidates(repo, tag, lends)) {
				if ('other' in content) return content.other;
				const answer = await serve(repo, tag, content.from, content.caches);
				if (answer) return answer;
			}
			throw new OciError('MANIFEST_UNKNOWN', {tag});
		},

		/** The same without making anything, and why. */
		async explain(repo: RepositoryName, tag: Tag, lends: Lends = allLend): Promise<RefExplanation> {
			const explanation = {repository: repo, tag, ways: [], sources: [], importLimitBytes: limitBytes};
			for await (const content of candidates(repo, tag, lends)) {
				if ('other' in content) return {...explanation, answer: 'as pushed', from: tag, digest: content.other.digest};
				const {from, caches} = content;
				const plan = planOf(caches, limitBytes);
				const document = plan && (await documents.find(repo, plan));
				const ways = waysOf(tag, from, caches, document?.ways ?? [...(plan?.ways ?? [])]);
				return {
					...explanation,
					answer: ways.length > 0 ? 'derived' : 'as pushed',
					from,
					digest: plan ? document?.stored.digest : caches[0]?.digest,
					ways,
					sources: caches.map(({tag, digest, pushedAt, layers, missing}) => ({
						tag,
						digest,
						pushedAt: pushedAt.toISOString(),
						layers: new Set(layers.map(layer => layer.digest)).size,
						missing,
					})),
				};
			}
			return {...explanation, answer: 'nothing'};
		},

		/** This manifest, asked for by its digest. Throws MANIFEST_UNKNOWN where it is a cache some of which is gone: a build would find out too late. */
		async whole(repo: RepositoryName, stored: StoredManifest): Promise<StoredManifest> {
			const cache = sources.cacheOf(stored);
			const missing = cache ? await health.look(repo, [cache.config, ...cache.layers]) : [];
			if (missing.length === 0) return stored;
			throw new OciError(
				'MANIFEST_UNKNOWN',
				{digest: stored.digest, missing: missing.slice(0, namedMissing), count: missing.length},
				{message: `${missing.length} blobs of this cache are gone; its tag answers what is left of it`},
			);
		},

		/** Somebody pushed it, again perhaps. */
		pushed: (repo: RepositoryName, digest: Digest): void => health.forget(repo, digest),
	};
};

const waysOf = (tag: Tag, from: Tag, caches: readonly CacheSource[], made: readonly DerivationWay[] = []): DerivationWay[] => {
	const others = from === tag && caches.length === 1 && caches[0]?.tag !== tag;
	return [...(from === tag ? [] : (['fallback'] as const)), ...(others ? (['union'] as const) : []), ...made];
};

const allLend: Lends = () => true;
const namedMissing = 10;
