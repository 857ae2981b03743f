/** What is pushed in the model: two layers and a config, images of them, indexes of those, and what refers to one; and where. */
import {type Digest, digestOf, mediaTypes, parseRepositoryName, parseTag} from 'oci-spec-types';
import {keys} from '../../src/registry/keys.ts';
import type {ObjectStore} from '../../src/storage/objectStore.ts';

export const repo = parseRepositoryName('ci/app');
export const elsewhere = parseRepositoryName('ci/other');

export type BlobName = 'a' | 'b' | 'config';
export type DocumentName = 'image' | 'both' | 'other' | 'index' | 'outer' | 'signature';

const blobOf = (text: string) => ({bytes: Buffer.from(text), digest: digestOf(Buffer.from(text))});

export const blobs: Readonly<Record<BlobName, {bytes: Buffer; digest: Digest}>> = {
	a: blobOf('layer a'),
	b: blobOf('layer b'),
	config: blobOf('{}'),
};

export type ModelDocument = {
	bytes: Buffer;
	digest: Digest;
	mediaType: string;
	blobs: readonly BlobName[];
	children: readonly DocumentName[];
	subject?: Digest;
};

const encode = (mediaType: string, content: object) => {
	const bytes = Buffer.from(JSON.stringify({schemaVersion: 2, mediaType, ...content}));
	return {bytes, digest: digestOf(bytes), mediaType};
};

const describeBlob = (name: BlobName, mediaType: string) => ({mediaType, digest: blobs[name].digest, size: blobs[name].bytes.length});
const describeDocument = ({mediaType, digest, bytes}: ModelDocument) => ({mediaType, digest, size: bytes.length});

const imageOf = (layers: readonly BlobName[], subject?: ModelDocument): ModelDocument => ({
	...encode(mediaTypes.ociManifest, {
		config: describeBlob('config', 'application/vnd.oci.image.config.v1+json'),
		layers: layers.map(layer => describeBlob(layer, mediaTypes.ociLayerGzip)),
		...(subject && {subject: describeDocument(subject)}),
	}),
	blobs: [...layers, 'config'],
	children: [],
	...(subject && {subject: subject.digest}),
});

const indexOf = (child: DocumentName, document: ModelDocument): ModelDocument => ({
	...encode(mediaTypes.ociIndex, {manifests: [describeDocument(document)]}),
	blobs: [],
	children: [child],
});

const image = imageOf(['a']);
const index = indexOf('image', image);

export const documents: Readonly<Record<DocumentName, ModelDocument>> = {
	image,
	both: imageOf(['a', 'b']),
	other: imageOf(['b']),
	index,
	outer: indexOf('index', index),
	signature: imageOf(['b'], image),
};

/** Another repository, whose layers may be mounted. */
export const fill = async (store: ObjectStore): Promise<void> => {
	const {bytes, mediaType, digest, blobs: layers} = documents.both;
	for (const name of layers) await store.write(keys.blob(elsewhere, blobs[name].digest), blobs[name].bytes);
	await store.write(keys.manifest(elsewhere, digest), bytes, {contentType: mediaType});
	const tag = {digest, mediaType, size: bytes.length, pushedAt: '2026-03-01T00:00:00Z', previous: [], nonce: 'first'};
	await store.write(keys.tag(elsewhere, parseTag('main')), Buffer.from(JSON.stringify(tag)));
};
