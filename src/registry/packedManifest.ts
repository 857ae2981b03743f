/** What the collector needs of a manifest, in some forty bytes a reference: a bucket's manifests together name millions. */
import {type Digest, digestAlgorithm, digestHex, formatDigest} from 'oci-spec-types';
import {interned, internedList} from './interned.ts';
import type {ReferenceEntry} from './inventory.ts';
import {readLinks} from './manifestLinks.ts';

export type PackedManifest = {
	mediaType: string;
	subject: Digest | undefined;
	onlyBlobs: boolean;
	rows: ReferenceRows;
};

export type ReferenceRows = {
	mediaTypes: readonly string[];
	/** The rows are its bytes from `start` to `end`; others' lie around them. */
	slab: Buffer;
	start: number;
	end: number;
};

/** Throws MANIFEST_INVALID. */
export const packManifest = (bytes: Uint8Array, contentType: string): PackedManifest => {
	const {mediaType, subject, onlyBlobs, references} = readLinks(bytes, contentType);
	return {mediaType: interned(mediaType), subject, onlyBlobs, rows: packReferences(references)};
};

export const packReferences = (references: readonly ReferenceEntry[]): ReferenceRows => {
	const types = new Map<string, number>();
	const starts = new Map<Digest, number>();
	const {slab, start} = roomFor(references.length * mostRowBytes);
	let end = start;
	for (const reference of references) {
		const {digest, mediaType, as} = reference;
		// One that is named in two ways may lie in either place.
		const same = starts.get(digest);
		if (same !== undefined) {
			if (slab[same] !== packKind(digest, as)) slab[same] = packKind(digest, 'either');
			continue;
		}
		const type = types.get(mediaType) ?? types.size;
		types.set(interned(mediaType), type);
		starts.set(digest, end);
		end = writeRow(slab, end, reference, type);
	}
	filled = end;
	return {mediaTypes: internedList([...types.keys()]), slab, start, end};
};

/** A reference as it is packed: its digest is `bytes` from `at`. */
export type PackedReference = {algorithm: 'sha256' | 'sha512'; bytes: Buffer; at: number; mediaType: string; as: ReferenceEntry['as']};

/** Without making the text of each digest, which is what costs. */
export const eachReference = (
	{mediaTypes, slab: bytes, start, end}: ReferenceRows,
	look: (reference: PackedReference, size: number) => void,
): void => {
	for (let at = start; at < end; ) {
		const kind = bytes[at] as number;
		const algorithm = kind % 2 === 0 ? 'sha256' : 'sha512';
		const as = places[kind >> 1] ?? 'either';
		const mediaType = mediaTypes[bytes.readUInt16LE(at + 1)] ?? '';
		look({algorithm, bytes, at: at + headBytes, mediaType, as}, bytes.readUIntLE(at + 3, 6));
		at += headBytes + digestBytes[algorithm];
	}
};

/** In text. */
export const digestIn = ({algorithm, bytes, at}: PackedReference): Digest =>
	formatDigest(algorithm, bytes.toString('hex', at, at + digestBytes[algorithm]));

/** All of them, each once. */
export const unpackReferences = (rows: ReferenceRows): readonly ReferenceEntry[] => {
	const references: ReferenceEntry[] = [];
	eachReference(rows, (reference, size) => {
		references.push({digest: digestIn(reference), size, mediaType: reference.mediaType, as: reference.as});
	});
	return references;
};

/** In bytes of memory, about. */
export const packedWeight = ({rows: {mediaTypes, start, end}}: PackedManifest): number =>
	end - start + overheadBytes + mediaTypes.reduce((sum, mediaType) => sum + mediaType.length, 0);

const overheadBytes = 400;

// Kind (where it lies, and the digest's algorithm), media type, size, digest.
const headBytes = 1 + 2 + 6;
const digestBytes = {sha256: 32, sha512: 64} as const;
const mostRowBytes = headBytes + digestBytes.sha512;
const places = ['blob', 'manifest', 'either'] as const;

const packKind = (digest: Digest, as: ReferenceEntry['as']) => places.indexOf(as) * 2 + (digestAlgorithm(digest) === 'sha256' ? 0 : 1);

/** Answers where the next one begins. */
const writeRow = (bytes: Buffer, at: number, {digest, size, as}: ReferenceEntry, type: number): number => {
	bytes.writeUInt8(packKind(digest, as), at);
	bytes.writeUInt16LE(type, at + 1);
	bytes.writeUIntLE(Math.min(size, 2 ** 48 - 1), at + 3, 6);
	return at + headBytes + bytes.write(digestHex(digest), at + headBytes, 'hex');
};

// Manifests that are read one after the other lie side by side, and outside of V8's heap: as ten thousand buffers they would leave holes in
// malloc's, as strings in V8's, which would move and look through them with each collection. A slab is free when the last of its manifests is.
const slabBytes = 256 * 1024;
let current = Buffer.alloc(0);
let filled = 0;

const roomFor = (bytes: number): {slab: Buffer; start: number} => {
	if (current.length - filled < bytes) {
		current = Buffer.allocUnsafeSlow(Math.max(slabBytes, bytes));
		filled = 0;
	}
	return {slab: current, start: filled};
};
