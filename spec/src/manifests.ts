/** Manifests: image manifests and indexes (image-spec, manifest.md and image-index.md), Docker's forms of both, and everything else a registry is given to keep. */
import {z} from 'zod';
import {annotationsSchema, type Descriptor, descriptorSchema} from './descriptors.ts';
import {OciError} from './errors.ts';
import {excerpt} from './excerpts.ts';
import {isRecord, optional} from './json.ts';
import {
	isForeignLayer,
	isImageMediaType,
	isIndexMediaType,
	isManifestMediaType,
	mediaTypeSchema,
	mediaTypes,
	parseMediaType,
} from './mediaTypes.ts';

/** How many problems of one document are reported. */
const problemLimit = 10;

/** Descriptors one by one, stopping when enough are wrong: four megabytes of `[0,0,…` must not become two million problems. Go writes an empty slice as `null`. */
const descriptorsSchema = z
	.array(z.unknown())
	.nullable()
	.transform((items, context): Descriptor[] => {
		const descriptors: Descriptor[] = [];
		let problems = 0;
		for (const [position, item] of (items ?? []).entries()) {
			const result = descriptorSchema.safeParse(item);
			if (result.success) {
				descriptors.push(result.data);
				continue;
			}
			for (const {path, message} of result.error.issues) context.addIssue({code: 'custom', path: [position, ...path], message});
			problems += result.error.issues.length;
			if (problems >= problemLimit) break;
		}
		return descriptors;
	});

/** "If the `artifactType` is empty or missing": an empty one is allowed and means none. */
const artifactTypeSchema = z.union([mediaTypeSchema, z.literal('')]);

/** What both documents may have beside their lists. */
const commonFields = {
	schemaVersion: z.literal(2),
	mediaType: optional(mediaTypeSchema),
	artifactType: optional(artifactTypeSchema),
	subject: optional(descriptorSchema),
	annotations: optional(annotationsSchema),
};

/** An image manifest as JSON; unknown fields are kept. "For portability, `layers` SHOULD have at least one entry", so an empty list is allowed. */
export const imageManifestSchema = z.looseObject({...commonFields, config: descriptorSchema, layers: descriptorsSchema});

/** An image index as JSON; unknown fields are kept. Children may be anything: BuildKit's older cache form lists layers here. */
export const imageIndexSchema = z.looseObject({...commonFields, manifests: descriptorsSchema});

export type ImageManifest = z.infer<typeof imageManifestSchema>;
export type ImageIndex = z.infer<typeof imageIndexSchema>;

type ManifestFacts = {mediaType: string; subject?: Descriptor; artifactType?: string; annotations?: Record<string, string>};

/** `mediaType` is the one to store and answer. `document` is the whole JSON, unknown fields included; an `other` manifest may be any bytes. */
export type Manifest =
	| (ManifestFacts & {kind: 'image'; config: Descriptor; layers: Descriptor[]; document: ImageManifest})
	| (ManifestFacts & {kind: 'index'; manifests: Descriptor[]; document: ImageIndex})
	| (ManifestFacts & {kind: 'other'});

/**
 * Bytes, and the `Content-Type` they came with, to a manifest. Throws MANIFEST_INVALID, whose detail is `{problems: {path, message}[]}`.
 *
 * "If a manifest includes a `mediaType` field, clients MUST set the `Content-Type` header to the value specified by the `mediaType` field": they must agree.
 * If one is missing the other counts; if both are, the shape does. The size of the document is for the caller to limit, before reading it.
 */
export const parseManifest = (bytes: Uint8Array, contentType?: string): Manifest => {
	const json = parseJson(bytes);
	const mediaType = mediaTypeOf(json, contentType);
	if (isImageMediaType(mediaType)) {
		refuseFields(json, mediaType, ['manifests']);
		const document = parseWith(imageManifestSchema, json);
		return {kind: 'image', ...factsOf(document, mediaType), config: document.config, layers: document.layers, document};
	}
	if (isIndexMediaType(mediaType)) {
		refuseFields(json, mediaType, ['config', 'layers']);
		const document = parseWith(imageIndexSchema, json);
		return {kind: 'index', ...factsOf(document, mediaType), manifests: document.manifests, document};
	}
	const facts = otherSchema.safeParse(json);
	return {kind: 'other', ...factsOf(facts.success ? facts.data : {}, mediaType)};
};

/** A descriptor in a manifest, and where its content must be: among the blobs, among the manifests, or in either place. */
export type ManifestReference = {descriptor: Descriptor; as: 'blob' | 'manifest' | 'either'};

/**
 * What must be in the repository before this manifest: config and layers, or the children of an index.
 * Not `subject` ("a registry MUST initially accept …"), and not foreign layers. Duplicates stay: BuildKit sends them.
 */
export const references = (manifest: Manifest): ManifestReference[] => {
	switch (manifest.kind) {
		case 'image':
			return [manifest.config, ...manifest.layers]
				.filter(({mediaType}) => !isForeignLayer(mediaType))
				.map(descriptor => ({descriptor, as: 'blob'}));
		case 'index':
			return manifest.manifests
				.filter(({mediaType}) => !isForeignLayer(mediaType))
				.map(descriptor => ({descriptor, as: isManifestMediaType(descriptor.mediaType) ? 'manifest' : 'either'}));
		case 'other':
			return [];
	}
};

/** What the manifest refers to, in the sense of the referrers API. */
export const subjectOf = (manifest: Manifest): Descriptor | undefined => manifest.subject;

/**
 * The `artifactType` of the manifest's descriptor in a referrers list ("Listing Referrers"): "If the `artifactType` is empty or missing in the image manifest,
 * the value of `artifactType` MUST be set to the config descriptor `mediaType` value. If […] in an index, the `artifactType` MUST be omitted."
 */
export const artifactTypeOf = (manifest: Manifest): string | undefined =>
	manifest.artifactType ?? (manifest.kind === 'image' ? manifest.config.mediaType : undefined);

/** The annotations of the manifest's descriptor in a referrers list: "The descriptors MUST include annotations from the image manifest or index." */
export const annotationsOf = (manifest: Manifest): Record<string, string> | undefined => manifest.annotations;

/** The fields of an unknown type that mean something here; what does not fit is none of our business. */
const otherSchema = z.looseObject({
	artifactType: optional(artifactTypeSchema).catch(undefined),
	subject: optional(descriptorSchema).catch(undefined),
	annotations: optional(annotationsSchema).catch(undefined),
});

/** The JSON value, or undefined when the bytes are none. A byte order mark makes it none: clients' parsers refuse it. */
const parseJson = (bytes: Uint8Array): unknown => {
	try {
		return JSON.parse(new TextDecoder('utf-8', {fatal: true, ignoreBOM: true}).decode(bytes));
	} catch {
		return undefined;
	}
};

const mediaTypeOf = (json: unknown, contentType: string | undefined): string => {
	const declared = parseMediaType(contentType);
	if (contentType && !declared) throw invalid([{path: '', message: `the Content-Type ${excerpt(contentType)} is no media type`}]);
	const written = isRecord(json) && typeof json.mediaType === 'string' ? json.mediaType : undefined;
	if (declared && written !== undefined && parseMediaType(written) !== declared) {
		throw invalid([{path: 'mediaType', message: `is ${excerpt(written)}, but the Content-Type is ${declared}`}]);
	}
	const mediaType = declared ?? parseMediaType(written) ?? mediaTypeOfShape(json);
	if (!mediaType) throw invalid([{path: 'mediaType', message: 'is missing, as is the Content-Type'}]);
	return mediaType;
};

const mediaTypeOfShape = (json: unknown): string | undefined => {
	if (!isRecord(json)) return undefined;
	if (isPresent(json.config) && isPresent(json.layers)) return mediaTypes.ociManifest;
	return isPresent(json.manifests) ? mediaTypes.ociIndex : undefined;
};

/** CVE-2021-41190: a document that is a manifest to one reader and an index to another. */
const refuseFields = (json: unknown, mediaType: string, fields: readonly string[]): void => {
	if (!isRecord(json)) return;
	const problems = fields.filter(field => isPresent(json[field])).map(field => ({path: field, message: `does not belong in ${mediaType}`}));
	if (problems.length > 0) throw invalid(problems);
};

const parseWith = <T extends z.ZodType>(schema: T, json: unknown): z.infer<T> => {
	if (json === undefined) throw invalid([{path: '', message: 'is not JSON'}]);
	const result = schema.safeParse(json);
	if (result.success) return result.data;
	throw invalid(result.error.issues.slice(0, problemLimit).map(({path, message}) => ({path: path.join('.'), message})));
};

const factsOf = ({subject, artifactType, annotations}: Partial<ManifestFacts>, mediaType: string): ManifestFacts => ({
	mediaType,
	...(subject && {subject}),
	...(artifactType && {artifactType}),
	...(annotations && {annotations}),
});

type Problem = {path: string; message: string};

// BuildKit shows an error's detail since 0.30 and only its message before: the first problem goes into both.
const invalid = (problems: readonly [Problem, ...Problem[]] | Problem[]): OciError => {
	const [first] = problems;
	return new OciError(
		'MANIFEST_INVALID',
		{problems},
		{message: `manifest invalid: ${[first?.path, first?.message].filter(Boolean).join(' ')}`},
	);
};

const isPresent = (value: unknown): boolean => value !== undefined && value !== null;
