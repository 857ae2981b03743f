/** Documents that tests begin with; digests are from the image-spec's examples. */
import {mediaTypes} from '../src/index.ts';

export const bytesOf = (document: unknown): Uint8Array => Buffer.from(JSON.stringify(document));

export const config = {
	mediaType: mediaTypes.ociConfig,
	size: 1470,
	digest: 'sha256:c86f7763873b6c0aae22d963bab59b4f5debbed6685761b5951584f6efb0633b',
};

export const layer = {
	mediaType: mediaTypes.ociLayerGzip,
	size: 675_598,
	digest: 'sha256:9d3dd9504c685a304985025df4ed0283e47ac9ffa9bd0326fddf4d59513f0827',
};

export const subject = {
	mediaType: mediaTypes.ociManifest,
	size: 1234,
	digest: 'sha256:220a60ecd4a3c32c282622a625a54db9ba0ff55b5ba9c29c7064a2bc358b6a3e',
};

export const child = {
	mediaType: mediaTypes.ociManifest,
	size: 7682,
	digest: 'sha256:5b0bcabd1ed22e9fb1310cf6c2dec7cdef19f0ad69efa1f392e94a4333501270',
	platform: {architecture: 'amd64', os: 'linux'},
};

export const image = {schemaVersion: 2, mediaType: mediaTypes.ociManifest, config, layers: [layer]};
export const index = {schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests: [child]};
