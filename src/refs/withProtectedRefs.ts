/** A registry as those see it who may not write protected refs: they neither move nor delete them, nor what they need. */
import {type Digest, digestOf, OciError, parseManifest, type RepositoryName, references, subjectOf, type Tag} from 'oci-spec-types';
import {mapInOrder} from '../lib/mapInOrder.ts';
import {type AcceptedManifest, type PushedAs, type PushedManifest, type Registry, TagProtected} from '../registry/registry.ts';
import type {RefRules} from './refBehaviour.ts';
import {unlessUnknown} from './unlessUnknown.ts';

/** What was not done. A `discarded` push was answered like any other. */
export type Denial = {repo: RepositoryName; tag: Tag; did: 'push' | 'delete'; outcome: 'refused' | 'discarded'};

export type ProtectedRefsOptions = {
	rules: RefRules;
	/** Answers what was pushed, as it was: a protected cache that lacks a layer needs the rest no less. */
	pushed: Registry;
	onDenial: (denial: Denial) => void;
};

export const withProtectedRefs = (inner: Registry, {rules, pushed, onDenial}: ProtectedRefsOptions): Registry => {
	const refuse = (repo: RepositoryName, tag: Tag, did: Denial['did']): OciError => {
		onDenial({repo, tag, did, outcome: 'refused'});
		return new OciError('DENIED', {tag, reason: 'protected'}, {message: advice[did](`${repo}:${tag}`)});
	};

	/** Throws DENIED where a protected tag of the repository needs this manifest or blob. */
	const assertUnneeded = async (repo: RepositoryName, digest: Digest): Promise<void> => {
		const read = mapInOrder(knownTags(pushed, repo), parallelReads, async tag => ({tag, targets: await pushed.readTag(repo, tag)}));
		for await (const {tag, targets} of read) {
			const isProtected = rules.behaviourOf(repo, tag).protect || targets.some(facts => facts.protected);
			for (const target of isProtected ? targets : []) {
				if (await needs(pushed, repo, target.digest, digest)) throw refuse(repo, tag, 'delete');
			}
		}
	};

	/** Without the tags that turn out to be protected by hand, where their rule says so. */
	const putUnlessProtected = async (repo: RepositoryName, manifest: PushedManifest, as: PushedAs): Promise<AcceptedManifest> => {
		try {
			return await inner.putManifest(repo, manifest, {...as, unlessProtected: true});
		} catch (error) {
			if (!(error instanceof TagProtected)) throw error;
			const {tag} = error;
			if (rules.behaviourOf(repo, tag).onDenied === 'refuse') throw refuse(repo, tag, 'push');
			onDenial({repo, tag, did: 'push', outcome: 'discarded'});
			const left = as.tags.filter(other => other !== tag);
			const digest = as.digest ?? digestOf(manifest.bytes);
			const accepted =
				left.length > 0 || as.digest ? await putUnlessProtected(repo, manifest, {...as, tags: left}) : asIfAccepted(manifest, digest);
			return withDiscarded(accepted, repo, [tag]);
		}
	};

	return {
		...inner,

		async putManifest(repo, manifest, as) {
			const guarded = as.tags.filter(tag => rules.behaviourOf(repo, tag).protect);
			if (guarded.length === 0) return putUnlessProtected(repo, manifest, as);

			const digest = as.digest ?? digestOf(manifest.bytes);
			const targets = await Promise.all(guarded.map(tag => inner.readTag(repo, tag)));
			// What is there already is no move: who repeats the push of another has nothing to be told.
			const moved = guarded.filter((_, index) => !targets[index]?.some(facts => facts.digest === digest));
			const refused = moved.find(tag => rules.behaviourOf(repo, tag).onDenied === 'refuse');
			if (refused) throw refuse(repo, refused, 'push');
			for (const tag of moved) onDenial({repo, tag, did: 'push', outcome: 'discarded'});
			const tags = as.tags.filter(tag => !guarded.includes(tag));
			const accepted =
				tags.length > 0 || as.digest ? await putUnlessProtected(repo, manifest, {...as, tags}) : asIfAccepted(manifest, digest);
			return withDiscarded(accepted, repo, moved);
		},

		async deleteTag(repo, tag) {
			const isProtected = rules.behaviourOf(repo, tag).protect || (await pushed.readTag(repo, tag)).some(facts => facts.protected);
			if (isProtected) throw refuse(repo, tag, 'delete');
			return inner.deleteTag(repo, tag);
		},

		async deleteManifest(repo, digest) {
			await assertUnneeded(repo, digest);
			return inner.deleteManifest(repo, digest);
		},

		async deleteBlob(repo, digest) {
			await assertUnneeded(repo, digest);
			return inner.deleteBlob(repo, digest);
		},
	};
};

const mayBeTold = 'who may, the operator of the registry decides (LAYERCACHE_PROTECT_CLIENTS)';
const advice: {readonly [D in Denial['did']]: (ref: string) => string} = {
	push: ref =>
		`${ref} is protected, and this client may only read it: let this job push to a tag of its own, or add ignore-error=true to its --cache-to; ${mayBeTold}`,
	delete: ref => `${ref} is protected, and this client may delete neither it nor what it needs; ${mayBeTold}`,
};

const parallelReads = 16;

const withDiscarded = (accepted: AcceptedManifest, repo: RepositoryName, tags: readonly Tag[]): AcceptedManifest => {
	const warnings = tags.map(tag => `${repo}:${tag} is protected: this push was dropped, and the tag is as it was`);
	return {...accepted, warnings: [...(accepted.warnings ?? []), ...warnings]};
};

/** Throws MANIFEST_INVALID, as the registry would. */
const asIfAccepted = ({bytes, mediaType}: PushedManifest, digest: Digest): AcceptedManifest => {
	const manifest = parseManifest(bytes, mediaType);
	return {digest, manifest, subject: subjectOf(manifest)?.digest, missing: []};
};

/** Whether a manifest is this, or reaches it. What was `looked` at is not again: many ways may lead to one index. */
const needs = async (
	registry: Registry,
	repo: RepositoryName,
	manifest: Digest,
	digest: Digest,
	looked = new Set<Digest>(),
): Promise<boolean> => {
	if (manifest === digest) return true;
	if (looked.has(manifest)) return false;
	looked.add(manifest);
	const stored = await registry.getManifest(repo, manifest).catch(unlessUnknown);
	const named = stored ? references(parseManifest(stored.bytes, stored.mediaType)) : [];
	if (named.some(({descriptor}) => descriptor.digest === digest)) return true;
	for (const {descriptor, as} of named) {
		if (as === 'manifest' && (await needs(registry, repo, descriptor.digest, digest, looked))) return true;
	}
	return false;
};

/** None where there is no such repository. */
async function* knownTags(registry: Registry, repo: RepositoryName): AsyncGenerator<Tag> {
	try {
		yield* registry.listTags(repo);
	} catch (error) {
		if (!(error instanceof OciError && error.code === 'NAME_UNKNOWN')) throw error;
	}
}
