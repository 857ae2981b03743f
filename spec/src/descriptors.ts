/** Content descriptors (image-spec, descriptor.md): what a manifest says about a blob or another manifest. */
import {z} from 'zod';
import {digestSchema} from './digests.ts';
import {isRecord, optional} from './json.ts';
import {mediaTypeSchema} from './mediaTypes.ts';

/** String to string (image-spec, annotations.md, "Rules"). Checked as one value: a record schema would report each of a million bad entries. */
export const annotationsSchema = z.custom<Record<string, string>>(
	value => isRecord(value) && Object.values(value).every(isString),
	'must map strings to strings',
);

/** The platform of an index's child (image-spec, image-index.md). */
export const platformSchema = z.looseObject({
	architecture: z.string(),
	os: z.string(),
	'os.version': optional(z.string()),
	'os.features': optional(z.custom<string[]>(value => Array.isArray(value) && value.every(isString), 'must be a list of strings')),
	variant: optional(z.string()),
});

/** `size` in bytes; `data` base64 of the whole content. Unknown fields are kept. */
export const descriptorSchema = z
	.looseObject({
		mediaType: mediaTypeSchema,
		digest: digestSchema,
		size: z.int().nonnegative(),
		urls: optional(z.custom<string[]>(value => Array.isArray(value) && value.every(isUrl), 'must be a list of URLs')),
		annotations: optional(annotationsSchema),
		data: optional(z.string().regex(/^[A-Za-z0-9+/]*={0,2}$/, 'must be base64')),
		artifactType: optional(z.union([mediaTypeSchema, z.literal('')])),
		platform: optional(platformSchema),
	})
	// "The decoded data MUST be identical to the referenced content". Its length is free to check; hashing is left to
	// whoever uses the data ("SHOULD be verified … by content consumers"), and BuildKit and containerd do.
	.refine(({data, size}) => data === undefined || base64Bytes(data) === size, {
		path: ['data'],
		message: 'must be base64 of as many bytes as size says',
	});

export type Platform = z.infer<typeof platformSchema>;
export type Descriptor = z.infer<typeof descriptorSchema>;

const isString = (value: unknown): value is string => typeof value === 'string';

// "Each entry MUST conform to RFC 3986", and as something may be downloaded from it, it is absolute.
const isUrl = (value: unknown): value is string => isString(value) && URL.canParse(value);

/** How many bytes this base64 holds; -1 when its padding is wrong. */
const base64Bytes = (text: string): number => {
	if (text.length % 4 !== 0) return -1;
	const padding = text.endsWith('==') ? 2 : text.endsWith('=') ? 1 : 0;
	return (text.length / 4) * 3 - padding;
};
