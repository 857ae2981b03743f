/** Caches of any size, pushed as BuildKit does it, without a build. */

import type {Push} from './pushClient.ts';
import {cacheConfigType, sha256} from './registryClient.ts';

const manifestType = 'application/vnd.oci.image.manifest.v1+json';

/** What BuildKit sends when it reads a tag to import it. */
export const importerAccept = [
	'application/vnd.docker.distribution.manifest.v2+json',
	'application/vnd.docker.distribution.manifest.list.v2+json',
	manifestType,
	'application/vnd.oci.image.index.v1+json',
	'*/*',
].join(', ');

/** Each layer is the result of a step of its own. */
export const createCachePush = (repository: string, tag: string, layers: readonly Buffer[]): Push => {
	const digests = layers.map(sha256);
	const config = Buffer.from(
		JSON.stringify({
			layers: digests.map(blob => ({blob, parent: -1})),
			records: digests.map((digest, layer) => ({digest, layers: [{layer, createdAt: '2026-01-01T00:00:00Z'}]})),
		}),
	);
	const manifest = {
		schemaVersion: 2,
		mediaType: manifestType,
		config: {mediaType: cacheConfigType, digest: sha256(config), size: config.length},
		layers: layers.map((bytes, at) => ({
			mediaType: 'application/vnd.oci.image.layer.v1.tar+gzip',
			digest: digests[at],
			size: bytes.length,
		})),
	};
	return {
		repository,
		tag,
		blobs: new Map([config, ...layers].map(bytes => [sha256(bytes), bytes])),
		manifest: Buffer.from(JSON.stringify(manifest)),
	};
};
