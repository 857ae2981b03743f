/** Which tags need a manifest or a blob: those that lead to it, whatever way. */
import {type Digest, OciError, parseManifest, type RepositoryName, references, type Tag} from 'oci-spec-types';
import {mapInOrder} from '../lib/mapInOrder.ts';
import type {Registry, TagFacts} from '../registry/registry.ts';
import {unlessUnknown} from '../registry/unlessUnknown.ts';

/** `facts`: what was pushed to the tag and counts. Tags that are not `wanted` are not looked at. `registry` answers what was pushed, as it was. */
export async function* tagsNeeding(
	registry: Registry,
	repo: RepositoryName,
	digest: Digest,
	wanted: (tag: Tag) => boolean,
): AsyncGenerator<{tag: Tag; facts: readonly TagFacts[]}> {
	const tags = wantedTags(registry, repo, wanted);
	for await (const {tag, facts} of mapInOrder(tags, parallelReads, async tag => ({tag, facts: await registry.readTag(repo, tag)}))) {
		for (const target of facts) {
			if (!(await leadsTo(registry, repo, target.digest, digest))) continue;
			yield {tag, facts};
			break;
		}
	}
}

const parallelReads = 16;

/** None where there is no such repository. */
async function* wantedTags(registry: Registry, repo: RepositoryName, wanted: (tag: Tag) => boolean): AsyncGenerator<Tag> {
	try {
		for await (const tag of registry.listTags(repo)) if (wanted(tag)) yield tag;
	} catch (error) {
		if (!(error instanceof OciError && error.code === 'NAME_UNKNOWN')) throw error;
	}
}

/** Whether a manifest is this, or reaches it. What was `looked` at is not again: many ways may lead to one index. */
const leadsTo = async (
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
		if (as === 'manifest' && (await leadsTo(registry, repo, descriptor.digest, digest, looked))) return true;
	}
	return false;
};
