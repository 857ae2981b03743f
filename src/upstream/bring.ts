/** Fetches from upstreams what an image names and is not here: clients that were told it is there do not send it. */
import {type Digest, type Manifest, parseManifest, type RepositoryName, references} from 'oci-spec-types';
import {mapParallel} from '../lib/mapInOrder.ts';
import type {Registry} from '../registry/registry.ts';
import {unlessAbsent} from '../registry/unlessUnknown.ts';
import type {Routing} from './routing.ts';

/** What no upstream has either is left to whoever looks next. */
export const bring = async (inner: Registry, routing: Routing, repo: RepositoryName, manifest: Manifest): Promise<void> => {
	const named = references(manifest);
	const blobs = named.flatMap(({descriptor, as}) => (as === 'manifest' ? [] : [descriptor.digest]));
	const here = await inner.statBlobs(repo, blobs);
	await mapParallel(new Set(blobs.filter(digest => !here.has(digest))), broughtAtOnce, digest => bringBlob(inner, routing, repo, digest));
	const children = named.flatMap(({descriptor, as}) => (as === 'blob' ? [] : [descriptor.digest]));
	await mapParallel(new Set(children), broughtAtOnce, digest => bringManifest(inner, routing, repo, digest));
};

const broughtAtOnce = 6;

const bringBlob = async (inner: Registry, routing: Routing, repo: RepositoryName, digest: Digest): Promise<void> => {
	for (const {registry, repository} of routing.within(repo)) {
		const blob = await registry.readBlob(repository, digest).catch(unlessAbsent);
		if (!blob) continue;
		try {
			return await inner.putBlob(repo, digest, blob.body, blob.size);
		} finally {
			blob.body.destroy();
		}
	}
};

const bringManifest = async (inner: Registry, routing: Routing, repo: RepositoryName, digest: Digest): Promise<void> => {
	if (await inner.getManifest(repo, digest).catch(unlessAbsent)) return;
	for (const {registry, repository} of routing.within(repo)) {
		const child = await registry.getManifest(repository, digest).catch(unlessAbsent);
		if (!child) continue;
		await bring(inner, routing, repo, parseManifest(child.bytes, child.mediaType));
		await inner.putManifest(repo, child, {digest, tags: []});
		return;
	}
};
