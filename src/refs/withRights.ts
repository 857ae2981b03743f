/**
 * A registry as one caller sees it: of each repository the tags that it may pull, and no write that it has no right to. Blobs and
 * manifests belong to a repository and to no tag, so whoever may pull some tag of it reads all of them by their digests.
 */
import {type Digest, isTag, OciError, type RepositoryName, type Tag} from 'oci-spec-types';
import {type Decision, NotAllowed, type Rights} from '../auth/rights.ts';
import type {Action} from '../config/actions.ts';
import type {Asker, Registry, TagFacts} from '../registry/registry.ts';
import {createProtectedPush, type Denial, pushNotAllowed} from './protectedPush.ts';
import type {RefRules} from './refBehaviour.ts';
import {namedBases} from './refSyntax.ts';
import {tagsNeeding} from './tagsNeeding.ts';

export type WithRightsOptions = {
	rights: Rights;
	rules: RefRules;
	/** Answers what was pushed, as it was: a cache that lacks a layer needs the rest no less. */
	pushed: Registry;
	onDenial: (denial: Denial) => void;
};

/** Nothing is passed on by itself: a method that comes to the interface has to be thought of here. */
export const withRights = (inner: Registry, {rights, rules, pushed, onDenial}: WithRightsOptions): Registry => {
	const mayPull = (repo: RepositoryName, tag: Tag) => rights.may('pull', repo, tag).allowed;

	const assertWithin = (action: Action, repo: RepositoryName): void => {
		const {allowed, reason} = rights.mayWithin(action, repo);
		if (!allowed) throw new NotAllowed(action, repo, {reason});
	};

	const assertMayRead = (repo: RepositoryName, tag: Tag, asker?: Asker): void => {
		const {allowed, reason} = mayRead(rights, repo, tag);
		if (allowed) return;
		// Before they push builders look, and print what they hear then.
		const push = rights.may('push', repo, tag);
		throw asker === 'pusher' && !push.allowed ? pushNotAllowed(repo, tag, push.reason) : new NotAllowed('pull', repo, {tag, reason});
	};

	/** A look before a push keeps what it finds, which is for those who may push. */
	const actingAs = (asker: Asker | undefined, repo: RepositoryName, tag?: Tag): Asker | undefined => {
		if (asker !== 'pusher') return asker;
		const {allowed} = tag === undefined ? rights.mayWithin('push', repo) : rights.may('push', repo, tag);
		return allowed ? 'pusher' : 'reader';
	};

	/** Rejects, and does not throw, as the methods of a registry do. */
	const within = async <T>(action: Action, repo: RepositoryName, then: () => Promise<T>): Promise<T> => {
		assertWithin(action, repo);
		return then();
	};

	/** Throws NotAllowed where the tag is there for somebody else to delete. */
	const assertMayDelete = (repo: RepositoryName, tag: Tag, facts: readonly TagFacts[]): void => {
		const {allowed, reason} = rights.may('delete', repo, tag);
		if (!allowed) throw new NotAllowed('delete', repo, {tag, reason});
		const isProtected = rules.behaviourOf(repo, tag).protect || facts.some(one => one.protected);
		const move = rights.may('protect', repo, tag);
		if (!isProtected || move.allowed) return;
		onDenial({repo, tag, did: 'delete', outcome: 'refused'});
		throw new NotAllowed('protect', repo, {tag, reason: move.reason, advice: 'nor what it needs'});
	};

	/** Every tag that needs this manifest or blob would suffer. */
	const assertUnneeded = async (repo: RepositoryName, digest: Digest): Promise<void> => {
		const isOthers = (tag: Tag) => !(rights.may('delete', repo, tag).allowed && rights.may('protect', repo, tag).allowed);
		for await (const {tag, facts} of tagsNeeding(pushed, repo, digest, isOthers)) assertMayDelete(repo, tag, facts);
	};

	return {
		statBlob: (repo, digest, asker) => within('pull', repo, () => inner.statBlob(repo, digest, actingAs(asker, repo))),
		statBlobs: (repo, digests) => within('pull', repo, () => inner.statBlobs(repo, digests)),
		readBlob: (repo, digest, range) => within('pull', repo, () => inner.readBlob(repo, digest, range)),
		locateBlob: (repo, digest) => within('pull', repo, () => inner.locateBlob(repo, digest)),

		locateUpload: (repo, upload, digest, size) => within('push', repo, () => inner.locateUpload(repo, upload, digest, size)),
		expectUpload: inner.expectUpload,
		putBlob: (repo, digest, body, size) => within('push', repo, () => inner.putBlob(repo, digest, body, size)),
		mountBlob: (repo, digest, from) =>
			within('push', repo, async () => {
				// Not refused: the client uploads what it may not take from there.
				if (from && !rights.mayWithin('pull', from).allowed) return false;
				return inner.mountBlob(repo, digest, from);
			}),
		startUpload: repo => within('push', repo, () => inner.startUpload(repo)),
		uploadSize: (repo, upload) => within('push', repo, () => inner.uploadSize(repo, upload)),
		appendUpload: (repo, upload, chunk) => within('push', repo, () => inner.appendUpload(repo, upload, chunk)),
		finishUpload: (repo, upload, digest, last) => within('push', repo, () => inner.finishUpload(repo, upload, digest, last)),
		cancelUpload: (repo, upload) => within('push', repo, () => inner.cancelUpload(repo, upload)),

		async getManifest(repo, reference, asker) {
			if (!isTag(reference)) assertWithin('pull', repo);
			else assertMayRead(repo, reference, asker);
			const acting = actingAs(asker, repo, isTag(reference) ? reference : undefined);
			const stored = await inner.getManifest(repo, reference, acting, tag => mayPull(repo, tag));
			// A wrapper between here and where answers are made may have lost who asks.
			const isMixed = stored.derivation?.sources.some(({tag}) => !mayPull(repo, tag));
			if (isMixed) throw new OciError('MANIFEST_UNKNOWN', {reference});
			return stored;
		},
		putManifest: (repo, manifest, as) =>
			within('push', repo, () => createProtectedPush(inner, {rights, rules, onDenial})(repo, manifest, as)),

		deleteBlob: (repo, digest) =>
			within('delete', repo, async () => {
				await assertUnneeded(repo, digest);
				return inner.deleteBlob(repo, digest);
			}),
		deleteManifest: (repo, digest) =>
			within('delete', repo, async () => {
				await assertUnneeded(repo, digest);
				return inner.deleteManifest(repo, digest);
			}),
		deleteTag: (repo, tag) =>
			within('delete', repo, async () => {
				const needsLook = !rules.behaviourOf(repo, tag).protect && !rights.may('protect', repo, tag).allowed;
				assertMayDelete(repo, tag, needsLook ? await pushed.readTag(repo, tag) : []);
				return inner.deleteTag(repo, tag);
			}),

		readTag: async (repo, tag) => (mayPull(repo, tag) ? inner.readTag(repo, tag) : []),
		findTags: (repo, wanted) => inner.findTags(repo, {...wanted, matches: tag => mayPull(repo, tag) && wanted.matches(tag)}),
		async *listTags(repo, options) {
			assertWithin('pull', repo);
			for await (const tag of inner.listTags(repo, options)) if (mayPull(repo, tag)) yield tag;
		},
		async *listReferrers(repo, digest, options) {
			assertWithin('pull', repo);
			yield* inner.listReferrers(repo, digest, options);
		},
		async *listRepositories(options) {
			for await (const repo of inner.listRepositories(options)) if (rights.mayWithin('pull', repo).allowed) yield repo;
		},
	};
};

/** Whether a tag may be asked for: `feature-x..main` where one of those may be pulled, and what it answers is made of those alone. */
export const mayRead = (rights: Rights, repo: RepositoryName, tag: Tag): Decision => {
	const named = namedBases(tag);
	const decisions = [tag, ...(named ? [named.mine, ...named.bases] : [])].map(each => rights.may('pull', repo, each));
	return decisions.find(({allowed}) => allowed) ?? (decisions.at(-1) as Decision);
};
