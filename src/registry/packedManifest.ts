/** What the collector needs of a manifest, in some forty bytes a reference: a bucket's manifests together name millions. */
import {type Digest, digestAlgorithm, digestHex, formatDigest} from 'oci-spec-types';
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
	/** Rows, a character a byte: strings lie side by side, where thousands of small buffers would leave holes. */
	packed: string;
};

/** Throws MANIFEST_INVALID. */
export const packManifest = (bytes: Uint8Array, contentType: string): PackedManifest => {
	const {mediaType, subject, onlyBlobs, references} = readLinks(bytes, contentType);
	return {mediaType: interned(mediaType), subject, onlyBlobs, rows: packReferences(references)};
};

export const packReferences = (references: readonly ReferenceEntry[]): ReferenceRows => {
	const mediaTypes: string[] = [];
	const starts = new Map<Digest, number>();
	const bytes = slabOf(references.length * mostRowBytes);
	let end = 0;
	for (const reference of references) {
		const {digest, mediaType, as} = reference;
		// One that is named in two ways may lie in either place.
		const same = starts.get(digest);
		if (same !== undefined) {
			if (bytes[same] !== packKind(digest, as)) bytes[same] = packKind(digest, 'either');
			continue;
		}
		const known = mediaTypes.indexOf(mediaType);
		const type = known >= 0 ? known : mediaTypes.push(interned(mediaType)) - 1;
		starts.set(digest, end);
		end = writeRow(bytes, end, reference, type);
	}
	return {mediaTypes: internedList(mediaTypes), packed: bytes.toString('latin1', 0, end)};
};

/** A reference as it is packed: its digest is `bytes` from `at`. They hold something else as soon as the look at it is over. */
export type PackedReference = {algorithm: 'sha256' | 'sha512'; bytes: Buffer; at: number; mediaType: string; as: ReferenceEntry['as']};

/** Without making the text of each digest, which is what costs. Nothing may be packed or unpacked meanwhile. */
export const eachReference = ({packed, mediaTypes}: ReferenceRows, look: (reference: PackedReference, size: number) => void): void => {
	const bytes = slabOf(packed.length);
	bytes.write(packed, 'latin1');
	for (let at = 0; at < packed.length; ) {
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
export const packedWeight = ({rows: {packed}}: PackedManifest): number => packed.length + overheadBytes;

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

// One for all, since nothing is awaited while it is in use: a buffer for each of ten thousand manifests would lie about until V8 looks.
let slab = Buffer.alloc(0);
const slabOf = (bytes: number): Buffer => {
	if (slab.length < bytes) slab = Buffer.allocUnsafeSlow(bytes);
	return slab;
};

// The same few in every manifest. What is not among the first does not fill the memory.
const known = new Map<string, string>();
const knownLists = new Map<string, readonly string[]>();
const knownMost = 1000;

const interned = (text: string): string => {
	const same = known.get(text);
	if (same === undefined && known.size < knownMost) known.set(text, text);
	return same ?? text;
};

const internedList = (list: readonly string[]): readonly string[] => {
	const name = list.join(' ');
	const same = knownLists.get(name);
	if (!same && knownLists.size < knownMost) knownLists.set(name, list);
	return same ?? list;
};
