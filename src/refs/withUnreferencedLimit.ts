/**
 * A registry in which one client cannot fill the store with what no manifest names. Room is made by retention, and no push is
 * refused for want of it; what no tag leads to, retention does not see before the grace is over.
 */
import {LRUCache} from 'lru-cache';
import {type Digest, OciError, type RepositoryName, references} from 'oci-spec-types';
import {formatBytes} from '../config/units.ts';
import type {Registry} from '../registry/registry.ts';

/** What clients have pushed to this process within a day, and no manifest has named here. */
export type Unreferenced = ReturnType<typeof createUnreferenced>;

/** `elapsed` in milliseconds. Remembers 200,000 blobs: what is forgotten is not counted. */
export const createUnreferenced = (limitBytes: number, elapsed: () => number) => {
	const sums = new Map<string, number>();
	const add = (client: string, bytes: number) => {
		const sum = (sums.get(client) ?? 0) + bytes;
		if (sum > 0) sums.set(client, sum);
		else sums.delete(client);
	};
	const blobs = new LRUCache<string, {client: string; size: number}>({
		// By weight, and not by `max`, for which all the room would be taken at once.
		maxSize: rememberedBlobs,
		sizeCalculation: () => 1,
		ttl: dayMs,
		ttlResolution: 0,
		perf: {now: elapsed},
		dispose: ({client, size}) => add(client, -size),
	});
	const nameOf = (repo: RepositoryName, digest: Digest) => `${repo}@${digest}`;

	return {
		pushed(client: string, repo: RepositoryName, digest: Digest, size: number) {
			blobs.set(nameOf(repo, digest), {client, size});
			add(client, size);
		},
		/** By whosever manifest. */
		named(repo: RepositoryName, digest: Digest) {
			blobs.delete(nameOf(repo, digest));
		},
		/** Throws DENIED. */
		assertRoom(client: string) {
			if ((sums.get(client) ?? 0) < limitBytes) return;
			blobs.purgeStale();
			const bytes = sums.get(client) ?? 0;
			if (bytes >= limitBytes) throw tooMuch(bytes, limitBytes);
		},
	};
};

const rememberedBlobs = 200_000;
const dayMs = 86_400_000;

export const withUnreferencedLimit = (inner: Registry, unreferenced: Unreferenced, client: string): Registry => {
	const note = (repo: RepositoryName, digest: Digest, size: number) => unreferenced.pushed(client, repo, digest, size);
	return {
		...inner,

		// What has begun may end: a layer that was sent in vain is the dearest refusal.
		async startUpload(repo) {
			unreferenced.assertRoom(client);
			return inner.startUpload(repo);
		},

		async putBlob(repo, digest, body, size) {
			unreferenced.assertRoom(client);
			await inner.putBlob(repo, digest, body, size);
			note(repo, digest, size ?? (await inner.statBlob(repo, digest)).size);
		},

		async mountBlob(repo, digest, from) {
			unreferenced.assertRoom(client);
			const mounted = await inner.mountBlob(repo, digest, from);
			if (mounted) note(repo, digest, (await inner.statBlob(repo, digest)).size);
			return mounted;
		},

		async finishUpload(repo, upload, digest, last) {
			await inner.finishUpload(repo, upload, digest, last);
			const whole = last.first ? last.size : undefined;
			note(repo, digest, whole ?? (await inner.statBlob(repo, digest)).size);
		},

		async locateUpload(repo, upload, digest, size) {
			const url = await inner.locateUpload(repo, upload, digest, size);
			if (url) note(repo, digest, size);
			return url;
		},

		async putManifest(repo, manifest, as) {
			const accepted = await inner.putManifest(repo, manifest, as);
			for (const {descriptor} of references(accepted.manifest)) unreferenced.named(repo, descriptor.digest);
			return accepted;
		},
	};
};

const tooMuch = (bytes: number, limitBytes: number): OciError =>
	new OciError(
		'DENIED',
		{bytes, limit: limitBytes},
		{
			message:
				`within a day this client has pushed ${formatBytes(bytes)} that no manifest names: push the manifests, or wait until a day is over; ` +
				`the operator of the registry may allow more than ${formatBytes(limitBytes)} (LAYERCACHE_UNREFERENCED_LIMIT)`,
		},
	);
