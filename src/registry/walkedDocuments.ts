/** The documents that a walk has to read to know what a repository holds, each in the form in which it is kept until the next walk. */
import {type Digest, isDigest, OciError} from 'oci-spec-types';
import {z} from 'zod';
import {readAll} from '../lib/bytes.ts';
import {type ListedObject, type ObjectStore, octetStream} from '../storage/objectStore.ts';
import {type DerivedPointer, pointerSchema} from './derivedPointers.ts';
import {DocumentDamaged, readDocument} from './documents.ts';
import {interned} from './interned.ts';
import type {TagEntry} from './inventory.ts';
import {type PackedManifest, packedWeight, packManifest} from './packedManifest.ts';
import {type TagDocument, tagDocumentSchema} from './tags.ts';
import type {WalkMemory} from './walkMemory.ts';

export type WalkedDocument =
	| {kind: 'tag'; document: Omit<TagEntry, 'object'>}
	| {kind: 'manifest'; document: PackedManifest}
	| {kind: 'derived'; document: DerivedPointer}
	| {kind: 'typeS3'; document: readonly Digest[]};

/** From memory or the store; undefined where it is gone meanwhile. Throws DocumentDamaged. */
export const readWalked = async (
	store: ObjectStore,
	memory: WalkMemory,
	kind: WalkedDocument['kind'],
	{key, etag, modified}: ListedObject,
): Promise<WalkedDocument | undefined> => {
	// The same bytes written anew may have another content type.
	const version = `${etag}${modified.getTime()}`;
	const remembered = memory.get(key, version) as WalkedDocument | undefined;
	if (remembered) return remembered;
	const read = await readers[kind](store, key);
	// What was written after the listing is of another version, and will be read again.
	if (read?.etag === etag) memory.set(key, version, read.walked, weightOf(read.walked));
	return read?.walked;
};

type Reader = (store: ObjectStore, key: string) => Promise<{etag: string; walked: WalkedDocument} | undefined>;

const readers: {readonly [K in WalkedDocument['kind']]: Reader} = {
	async tag(store, key) {
		const stored = await readDocument(store, key, tagDocumentSchema);
		return stored && {etag: stored.etag, walked: {kind: 'tag', document: entryOf(stored.value)}};
	},
	async derived(store, key) {
		const stored = await readDocument(store, key, pointerSchema);
		return stored && {etag: stored.etag, walked: {kind: 'derived', document: stored.value}};
	},
	async manifest(store, key) {
		const object = await store.read(key);
		if (!object) return undefined;
		const {etag, contentType = octetStream} = object.facts;
		const bytes = await readAll(object.body);
		return {etag, walked: {kind: 'manifest', document: orDamaged(key, () => packManifest(bytes, contentType))}};
	},
	async typeS3(store, key) {
		const object = await store.read(key);
		if (!object) return undefined;
		const text = (await readAll(object.body)).toString();
		const layers = orDamaged(key, () => typeS3Schema.parse(JSON.parse(text)).layers ?? []);
		return {etag: object.facts.etag, walked: {kind: 'typeS3', document: layers.map(({blob}) => blob).filter(isDigest)}};
	},
};

const entryOf = ({digest, mediaType, pushedAt, previous, deleted = false, protected: isProtected = false}: TagDocument) => ({
	...{digest, mediaType: interned(mediaType), deleted, protected: isProtected},
	pushedAt: new Date(pushedAt),
	previous: previous.map(entry => ({digest: entry.digest, since: new Date(entry.since)})),
});

// BuildKit: cache/remotecache/v1/spec.go. Only what it names matters here.
const typeS3Schema = z.looseObject({layers: z.array(z.looseObject({blob: z.string()})).nullish()});

const orDamaged = <T>(key: string, parse: () => T): T => {
	try {
		return parse();
	} catch (error) {
		if (error instanceof OciError || error instanceof z.ZodError || error instanceof SyntaxError)
			throw new DocumentDamaged(key, {cause: error});
		throw error;
	}
};

const weightOf = (walked: WalkedDocument): number => {
	switch (walked.kind) {
		case 'manifest':
			return packedWeight(walked.document);
		case 'typeS3':
			return walked.document.length * digestBytes;
		case 'tag':
			return documentBytes + walked.document.previous.length * (digestBytes + 60);
		case 'derived':
			return documentBytes + (walked.document.sources.length + walked.document.missing.length) * (digestBytes + 60);
	}
};

const digestBytes = 90;
const documentBytes = 500;
