/** The cache that an image carries in its own config, `--cache-to type=inline` (BuildKit: cache/remotecache/import.go, importInlineCache). */
import {type Descriptor, isDigest, type Manifest} from 'oci-spec-types';
import {z} from 'zod';
import {configOfRecords, parseJson} from './cacheConfig.ts';
import type {CacheDocument} from './cacheDocument.ts';
import {CacheInvalid} from './cacheInvalid.ts';
import {isCreatedAt} from './createdAt.ts';

/** An image's manifest and config to what BuildKit reads of them; undefined where it finds no cache. Throws CacheInvalid. */
export const parseInlineCache = (manifest: Manifest, config: Uint8Array): CacheDocument | undefined => {
	if (manifest.kind !== 'image') return undefined;
	const parsed = imageSchema.safeParse(parseJson(config));
	if (!parsed.success) throw new CacheInvalid(`the image's config cannot be read: ${parsed.error.issues[0]?.message}`);
	const {rootfs, history, 'moby.buildkit.cache.v0': cache} = parsed.data;
	const diffIds = rootfs.diff_ids;
	if (!cache || diffIds.length !== manifest.layers.length) return undefined;
	const steps = history.filter(({empty_layer}) => !empty_layer);
	const layers = manifest.layers.map((layer, at) => annotated(layer, {diffId: diffIds[at], ...steps[at]}));
	const records = parseJson(Buffer.from(cache, 'base64'));
	return {
		form: 'manifest',
		types: 'oci',
		config: configOfRecords(
			layers.map(({digest}, at) => ({blob: digest, parent: at - 1})),
			records,
		),
		layers,
	};
};

// Go writes absent lists as null. A handful of rows, one for each line of a Dockerfile.
const listOf = <T extends z.ZodType>(schema: T) =>
	z
		.array(schema)
		.nullish()
		.transform(rows => rows ?? []);

const imageSchema = z.object({
	rootfs: z.object({diff_ids: listOf(z.string().refine(isDigest))}),
	history: listOf(
		z.object({
			created: z.string().refine(isCreatedAt, 'a date of the history is none').nullish(),
			created_by: z.string().nullish(),
			empty_layer: z.boolean().nullish(),
		}),
	),
	'moby.buildkit.cache.v0': z.string().nullish(),
});

type LayerFacts = {diffId: string | undefined; created?: string | null | undefined; created_by?: string | null | undefined};

const annotated = (layer: Descriptor, {diffId, created, created_by}: LayerFacts): Descriptor => ({
	...layer,
	annotations: {
		...layer.annotations,
		...(created && {'buildkit/createdat': created}),
		...(created_by && {'buildkit/description': created_by}),
		...(diffId && {'containerd.io/uncompressed': diffId}),
	},
});
