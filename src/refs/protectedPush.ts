/** What becomes of a push to tags, some of which somebody may not push to or not move: refused, dropped, or stored without those. */
import {digestOf, parseManifest, type RepositoryName, subjectOf, type Tag} from 'oci-spec-types';
import {NotAllowed, type Rights} from '../auth/rights.ts';
import {type AcceptedManifest, type PushedAs, type PushedManifest, type Registry, TagProtected} from '../registry/registry.ts';
import type {RefRules} from './refBehaviour.ts';

/** What was not done to a protected tag. A `discarded` push was answered like any other. */
export type Denial = {repo: RepositoryName; tag: Tag; did: 'push' | 'delete'; outcome: 'refused' | 'discarded'};

export type ProtectedPushOptions = {rights: Rights; rules: RefRules; onDenial: (denial: Denial) => void};

export const createProtectedPush = (inner: Registry, {rights, rules, onDenial}: ProtectedPushOptions): Registry['putManifest'] => {
	const refuse = (repo: RepositoryName, tag: Tag): NotAllowed => {
		onDenial({repo, tag, did: 'push', outcome: 'refused'});
		const may = rights.may('push', repo, tag);
		return pushNotAllowed(repo, tag, may.allowed ? rights.may('protect', repo, tag).reason : may.reason);
	};

	const discard = (repo: RepositoryName, tag: Tag, {onDiscarded}: PushedAs): void => {
		onDenial({repo, tag, did: 'push', outcome: 'discarded'});
		onDiscarded?.(tag);
	};

	const mayMove = (repo: RepositoryName, tag: Tag) => rights.may('protect', repo, tag).allowed;

	/** Without the tags that turn out to be protected by hand, where their rule says so. */
	const putUnlessProtected = async (repo: RepositoryName, manifest: PushedManifest, as: PushedAs): Promise<AcceptedManifest> => {
		try {
			return await inner.putManifest(repo, manifest, {...as, unlessProtected: true});
		} catch (error) {
			if (!(error instanceof TagProtected)) throw error;
			const {tag} = error;
			if (rules.behaviourOf(repo, tag).onDenied === 'refuse') throw refuse(repo, tag);
			discard(repo, tag, as);
			return withDiscarded(await put(repo, manifest, {...as, tags: as.tags.filter(other => other !== tag)}), repo, [tag]);
		}
	};

	/** To tags that no rule keeps from this push. Those that may turn out to be protected come first: of what is refused nothing is done. */
	const put = async (repo: RepositoryName, manifest: PushedManifest, as: PushedAs): Promise<AcceptedManifest> => {
		if (as.tags.length === 0 && !as.digest) return asIfAccepted(manifest);
		const [free, others] = [as.tags.filter(tag => mayMove(repo, tag)), as.tags.filter(tag => !mayMove(repo, tag))];
		if (others.length === 0) return inner.putManifest(repo, manifest, as);
		const {warnings, ...accepted} = await putUnlessProtected(repo, manifest, {...as, tags: others});
		if (free.length === 0) return {...accepted, warnings};
		return withWarnings(await inner.putManifest(repo, manifest, {...as, tags: free}), warnings);
	};

	return async (repo, manifest, as) => {
		const mayPush = (tag: Tag) => rights.may('push', repo, tag).allowed;
		const guarded = as.tags.filter(tag => rules.behaviourOf(repo, tag).protect && !(mayPush(tag) && mayMove(repo, tag)));
		const unasked = as.tags.find(tag => !mayPush(tag) && !guarded.includes(tag));
		if (unasked) throw pushNotAllowed(repo, unasked, rights.may('push', repo, unasked).reason);
		if (guarded.length === 0) return put(repo, manifest, as);

		const digest = as.digest ?? digestOf(manifest.bytes);
		const targets = await Promise.all(guarded.map(tag => inner.readTag(repo, tag)));
		// What is there already is no move: who repeats the push of another has nothing to be told.
		const moved = guarded.filter((_, index) => !targets[index]?.some(facts => facts.digest === digest));
		const refused = moved.find(tag => rules.behaviourOf(repo, tag).onDenied === 'refuse');
		if (refused) throw refuse(repo, refused);
		for (const tag of moved) discard(repo, tag, as);
		return withDiscarded(await put(repo, manifest, {...as, tags: as.tags.filter(tag => !guarded.includes(tag))}), repo, moved);
	};
};

/** What whoever wrote the job can do about it. */
export const pushNotAllowed = (repo: RepositoryName, tag: Tag, reason: string) =>
	new NotAllowed('push', repo, {tag, reason, advice: 'let this job push to a tag of its own, or add ignore-error=true to its --cache-to'});

const withDiscarded = (accepted: AcceptedManifest, repo: RepositoryName, tags: readonly Tag[]): AcceptedManifest =>
	withWarnings(
		accepted,
		tags.map(tag => `${repo}:${tag} is protected: this push was dropped, and the tag is as it was`),
	);

const withWarnings = (accepted: AcceptedManifest, warnings: readonly string[] = []): AcceptedManifest => ({
	...accepted,
	warnings: [...(accepted.warnings ?? []), ...warnings],
});

/** Throws MANIFEST_INVALID, as the registry would. */
const asIfAccepted = ({bytes, mediaType}: PushedManifest): AcceptedManifest => {
	const manifest = parseManifest(bytes, mediaType);
	return {digest: digestOf(bytes), manifest, subject: subjectOf(manifest)?.digest, missing: []};
};
