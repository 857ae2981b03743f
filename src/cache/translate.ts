/** The same cache in BuildKit's other form, or with the media types of the other family (BuildKit: util/compression/compression.go, the tables of conversions). */
import {type Descriptor, mediaTypes} from 'oci-spec-types';
import type {CacheDocument, CacheForm} from './cacheDocument.ts';

/** An image manifest has OCI's types always; an index keeps those it has. The config stays as it is. */
export const translate = (document: CacheDocument, form: CacheForm): CacheDocument =>
	form === document.form ? document : withTypes({...document, form}, form === 'manifest' ? 'oci' : document.types);

/** The layers' media types in one family; what has no counterpart keeps its own. */
export const withTypes = (document: CacheDocument, types: CacheDocument['types']): CacheDocument => ({
	...document,
	types,
	layers: document.layers.map(layer => withType(layer, types)),
});

const withType = (layer: Descriptor, types: CacheDocument['types']): Descriptor => {
	const counterpart = pairs.find(pair => pair.oci === layer.mediaType || pair.docker === layer.mediaType);
	return counterpart && counterpart[types] !== layer.mediaType ? {...layer, mediaType: counterpart[types]} : layer;
};

const pairs = [
	{oci: mediaTypes.ociLayerGzip, docker: mediaTypes.dockerLayerGzip},
	{oci: mediaTypes.ociLayerZstd, docker: mediaTypes.dockerLayerZstd},
	{oci: mediaTypes.ociLayer, docker: mediaTypes.dockerLayer},
	{oci: mediaTypes.ociForeignLayer, docker: mediaTypes.dockerForeignLayer},
	{oci: mediaTypes.ociForeignLayerGzip, docker: mediaTypes.dockerForeignLayerGzip},
	{oci: mediaTypes.ociForeignLayerZstd, docker: mediaTypes.dockerForeignLayerZstd},
] as const;
