/**
 * What a stored manifest leads to. It was checked in full when it was pushed, so only what is taken from it is checked here: a schema that
 * looks at all of it, and clones it, leaves ten times its bytes behind, and a cycle of the collector reads ten thousand.
 */
import {
	type Digest,
	isDigest,
	isForeignLayer,
	isImageMediaType,
	isIndexMediaType,
	isManifestMediaType,
	OciError,
	parseMediaType,
} from 'oci-spec-types';
import type {ReferenceEntry} from './inventory.ts';

export type ManifestLinks = {
	mediaType: string;
	subject: Digest | undefined;
	/** None of the references is a manifest, or may be. */
	onlyBlobs: boolean;
	/** In their order, and as often as it names them. */
	references: readonly ReferenceEntry[];
};

/** Of the media type with which it was stored. Throws MANIFEST_INVALID. */
export const readLinks = (bytes: Uint8Array, contentType: string): ManifestLinks => {
	const mediaType = parseMediaType(contentType);
	if (!mediaType) throw invalid('its Content-Type is no media type');
	const [isImage, isIndex] = [isImageMediaType(mediaType), isIndexMediaType(mediaType)];
	const json = jsonIn(bytes);
	if (typeof json?.mediaType === 'string' && parseMediaType(json.mediaType) !== mediaType)
		throw invalid(`its mediaType is not ${mediaType}, with which it is stored`);
	// May be anything, and names no more than its subject.
	if (!isImage && !isIndex) return {mediaType, subject: subjectIn(json, () => undefined), onlyBlobs: true, references: []};
	if (!json) throw invalid('is not JSON');
	// CVE-2021-41190: a manifest to one reader and an index to another.
	if (isImage ? isPresent(json.manifests) : isPresent(json.config) || isPresent(json.layers)) throw invalid('is both manifest and index');
	const descriptors = isImage ? [json.config, ...listIn(json.layers)] : listIn(json.manifests);
	const references = descriptors.map(descriptor => referenceIn(descriptor, isIndex)).filter(({mediaType}) => !isForeignLayer(mediaType));
	return {mediaType, subject: subjectIn(json, refuse), onlyBlobs: isImage, references};
};

type Json = Readonly<Record<string, unknown>>;

const jsonIn = (bytes: Uint8Array): Json | undefined => {
	try {
		const json: unknown = JSON.parse(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString());
		return isRecord(json) ? json : undefined;
	} catch {
		return undefined;
	}
};

const isRecord = (value: unknown): value is Json => typeof value === 'object' && value !== null && !Array.isArray(value);
const isPresent = (value: unknown): boolean => value !== undefined && value !== null;

/** Go writes an empty slice as `null`. */
const listIn = (value: unknown): readonly unknown[] => {
	if (value === null) return [];
	if (Array.isArray(value)) return value;
	throw invalid('has no list of what it needs');
};

const refuse = (): never => {
	throw invalid('has something that is no descriptor');
};

const referenceIn = (descriptor: unknown, isChild: boolean): ReferenceEntry => {
	const {digest, size, mediaType} = isDescriptor(descriptor) ? descriptor : refuse();
	return {digest, size, mediaType, as: !isChild ? 'blob' : isManifestMediaType(mediaType) ? 'manifest' : 'either'};
};

const subjectIn = (json: Json | undefined, otherwise: () => undefined): Digest | undefined => {
	if (!json || !isPresent(json.subject)) return undefined;
	return isDescriptor(json.subject) ? json.subject.digest : otherwise();
};

const isDescriptor = (value: unknown): value is {digest: Digest; size: number; mediaType: string} =>
	isRecord(value) &&
	typeof value.digest === 'string' &&
	isDigest(value.digest) &&
	Number.isSafeInteger(value.size) &&
	(value.size as number) >= 0 &&
	typeof value.mediaType === 'string';

const invalid = (problem: string): OciError => new OciError('MANIFEST_INVALID', {problems: []}, {message: `manifest invalid: ${problem}`});
