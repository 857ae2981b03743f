/**
 * A registry whose tags may merge: each push to such a tag stays beside the earlier ones as a head, so that jobs that push
 * one tag at once overwrite nothing. What the tag answers an importer is made of all of them, elsewhere; anyone else sees the newest.
 */
import {type Digest, isTag, OciError, type RepositoryName, type Tag} from 'oci-spec-types';
import {mapParallel} from '../lib/mapInOrder.ts';
import {mergedInOrder} from '../lib/mergedInOrder.ts';
import type {Heads} from '../registry/heads.ts';
import {newestFirst} from '../registry/newestFirst.ts';
import {type Asker, type Registry, type TagFacts, TagProtected} from '../registry/registry.ts';
import {unlessUnknown} from '../registry/unlessUnknown.ts';
import {fairShare} from './fairShare.ts';
import {withinBounds} from './headBounds.ts';
import type {RefRules} from './refBehaviour.ts';

export const withMergingTags = (inner: Registry, heads: Heads, rules: RefRules): Registry => {
	const merges = (repo: RepositoryName, tag: Tag) => rules.behaviourOf(repo, tag).onPush === 'merge';

	const readTag = async (repo: RepositoryName, tag: Tag): Promise<readonly TagFacts[]> => {
		const {onPush, heads: bounds} = rules.behaviourOf(repo, tag);
		if (onPush !== 'merge') return inner.readTag(repo, tag);
		// What the tag pointed at before it began to merge is one more push to it.
		const [plain, pushed] = await Promise.all([inner.readTag(repo, tag), heads.of(repo, tag)]);
		const counting = withinBounds([...plain, ...pushed], bounds);
		// Of a tag, and so of all that it is made of.
		return plain.some(facts => facts.protected) ? counting.map(facts => ({...facts, protected: true})) : counting;
	};

	const assertUnprotected = async (repo: RepositoryName, tag: Tag, digest: Digest): Promise<void> => {
		const facts = await readTag(repo, tag);
		if (facts.some(one => one.protected) && !facts.some(one => one.digest === digest)) throw new TagProtected(tag);
	};

	/** Whose manifest was deleted counts no more. */
	const newest = async (repo: RepositoryName, tag: Tag, asker?: Asker) => {
		for (const {digest} of await readTag(repo, tag)) {
			if (asker === 'pusher') await heads.rely(repo, tag, digest);
			const manifest = await inner.getManifest(repo, digest, asker).catch(unlessUnknown);
			if (manifest) return manifest;
		}
		throw new OciError('MANIFEST_UNKNOWN', {tag});
	};

	return {
		...inner,
		readTag,

		async getManifest(repo, reference, asker) {
			return isTag(reference) && merges(repo, reference) ? newest(repo, reference, asker) : inner.getManifest(repo, reference, asker);
		},

		async putManifest(repo, manifest, as) {
			const [merging, tags] = [as.tags.filter(tag => merges(repo, tag)), as.tags.filter(tag => !merges(repo, tag))];
			const accepted = await inner.putManifest(repo, manifest, {...as, tags});
			await mapParallel(merging, parallelWrites, async tag => {
				if (as.unlessProtected) await assertUnprotected(repo, tag, accepted.digest);
				await heads.add(repo, tag, accepted.digest);
			});
			return accepted;
		},

		async findTags(repo, wanted) {
			if (!rules.mergesIn(repo)) return inner.findTags(repo, wanted);
			const [plain, pushed] = await Promise.all([inner.findTags(repo, wanted), heads.find(repo, wanted.prefix)]);
			const merging = new Map<Tag, boolean>();
			const isWanted = ({tag}: TagFacts) => {
				if (!merging.has(tag)) merging.set(tag, wanted.matches(tag) && merges(repo, tag));
				return merging.get(tag);
			};
			const found = [...Map.groupBy([...plain, ...pushed.filter(isWanted)], ({tag}) => tag)].flatMap(([tag, facts]) => {
				const {onPush, heads: bounds} = rules.behaviourOf(repo, tag);
				return onPush === 'merge' ? withinBounds(facts, bounds) : facts;
			});
			return fairShare(found.toSorted(newestFirst), wanted.limit);
		},

		async *listTags(repo, options = {}) {
			if (!rules.mergesIn(repo)) return yield* inner.listTags(repo, options);
			const {after = ''} = options;
			// Rules that are gone have left heads that nobody reads.
			const merging = (await heads.tags(repo)).filter(tag => tag > after && merges(repo, tag));
			yield* mergedInOrder(inner.listTags(repo, options), merging);
		},

		async deleteTag(repo, tag) {
			// Also where no rule says so any more: if one does again, what was deleted must not come back.
			const hadHeads = await heads.remove(repo, tag);
			try {
				await inner.deleteTag(repo, tag);
			} catch (error) {
				if (!hadHeads || !merges(repo, tag)) throw error;
				unlessUnknown(error);
			}
		},

		async deleteManifest(repo, digest) {
			if (rules.mergesIn(repo)) await heads.removeThoseAt(repo, digest);
			await inner.deleteManifest(repo, digest);
		},
	};
};

const parallelWrites = 16;
