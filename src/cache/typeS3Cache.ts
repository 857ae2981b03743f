/** What BuildKit's `type=s3` keeps instead of a manifest: the config, each of whose layers says what its descriptor would (BuildKit: cache/remotecache/s3/s3.go). */
import {type Descriptor, isDigest, mediaTypeSchema} from 'oci-spec-types';
import {z} from 'zod';
import {type CacheLayer, configOf, formatCacheConfig, parseJson} from './cacheConfig.ts';
import type {CacheDocument} from './cacheDocument.ts';
import {isCreatedAt, zeroTime} from './createdAt.ts';
import {merge} from './merge.ts';

/** The bytes serve as the config of `type=registry` as they are, which ignores the annotations. Layers without usable ones are not offered. Throws CacheInvalid. */
export const parseTypeS3Cache = (bytes: Uint8Array): CacheDocument => {
	const json = parseJson(bytes);
	const config = configOf(json);
	const rows = (json as {layers?: readonly unknown[]}).layers ?? [];
	const layers = new Map(rows.flatMap((row, at) => offeredLayer(row, config.layers[at] as CacheLayer)).map(layer => [layer.digest, layer]));
	return {form: 'manifest', types: 'oci', config, layers: [...layers.values()], configBytes: bytes};
};

/** The inverse, with what the layers' descriptors say. Layers without a diffID are left out: BuildKit would refuse the whole for one of them. */
export const formatTypeS3Cache = (document: CacheDocument): Uint8Array => {
	const {config, layers} = merge([{...document, layers: document.layers.filter(hasDiffId)}]);
	const annotations = new Map(layers.map(layer => [layer.digest, annotationsOf(layer)]));
	const plain = JSON.parse(Buffer.from(formatCacheConfig(config)).toString()) as {layers: CacheLayer[]};
	return Buffer.from(JSON.stringify({...plain, layers: plain.layers.map(layer => ({...layer, annotations: annotations.get(layer.blob)}))}));
};

const uncompressed = 'containerd.io/uncompressed';
const createdAtAnnotation = 'buildkit/createdat';

const annotationsSchema = z.object({
	annotations: z.object({
		mediaType: mediaTypeSchema,
		diffID: z.string().refine(isDigest),
		size: z.int().nonnegative(),
		createdAt: z.string().refine(isCreatedAt).nullish(),
	}),
});

const offeredLayer = (row: unknown, {blob}: CacheLayer): Descriptor[] => {
	const {data} = annotationsSchema.safeParse(row);
	if (!data) return [];
	const {mediaType, diffID, size, createdAt} = data.annotations;
	const isDated = createdAt && createdAt !== zeroTime;
	return [{mediaType, digest: blob, size, annotations: {[uncompressed]: diffID, ...(isDated && {[createdAtAnnotation]: createdAt})}}];
};

const hasDiffId = ({annotations}: Descriptor): boolean => isDigest(annotations?.[uncompressed] ?? '');

const annotationsOf = ({mediaType, size, annotations}: Descriptor) => {
	const createdAt = annotations?.[createdAtAnnotation];
	return {mediaType, diffID: annotations?.[uncompressed], size, createdAt: createdAt && isCreatedAt(createdAt) ? createdAt : zeroTime};
};
