/** What the collector needs of a manifest, in some forty bytes a reference: a bucket's manifests together name millions. */
import {type Digest, digestAlgorithm, digestHex, formatDigest, parseManifest, references, subjectOf} from 'oci-spec-types';
import type {ManifestEntry, ReferenceEntry} from './inventory.ts';

export type PackedManifest = {
	mediaType: string;
	subject: Digest | undefined;
	onlyBlobs: boolean;
	mediaTypes: readonly string[];
	/** Rows, a character a byte: strings lie side by side, where thousands of small buffers would leave holes. */
	packed: string;
};

/** Throws MANIFEST_INVALID. */
export const packManifest = (bytes: Uint8Array, contentType: string): PackedManifest => {
	const manifest = parseManifest(bytes, contentType);
	const types = new Map<string, number>();
	const rows = new Map<Digest, Buffer>();
	for (const {descriptor, as} of references(manifest)) {
		const type = types.get(descriptor.mediaType) ?? types.size;
		types.set(interned(descriptor.mediaType), type);
		const row = packRow({digest: descriptor.digest, size: descriptor.size, type, as});
		// One that is named in two ways may lie in either place.
		const same = rows.get(descriptor.digest);
		if (!same) rows.set(descriptor.digest, row);
		else if (same[0] !== row[0]) same[0] = packKind(descriptor.digest, 'either');
	}
	return {
		mediaType: interned(manifest.mediaType),
		subject: subjectOf(manifest)?.digest,
		onlyBlobs: manifest.kind !== 'index',
		mediaTypes: internedList([...types.keys()]),
		packed: Buffer.concat([...rows.values()]).toString('latin1'),
	};
};

export const manifestEntryOf = (manifest: PackedManifest, size: number, modified: Date): ManifestEntry => ({
	...{size, modified},
	mediaType: manifest.mediaType,
	subject: manifest.subject,
	onlyBlobs: manifest.onlyBlobs,
	get references() {
		return unpackRows(manifest.packed, manifest.mediaTypes);
	},
});

/** In bytes of memory, about. */
export const packedWeight = ({mediaTypes, packed}: PackedManifest): number =>
	packed.length + overheadBytes + mediaTypes.reduce((sum, mediaType) => sum + mediaType.length, 0);

const overheadBytes = 400;

type Row = {digest: Digest; size: number; type: number; as: ReferenceEntry['as']};

// Kind (where it lies, and the digest's algorithm), media type, size, digest.
const headBytes = 1 + 2 + 6;
const places = ['blob', 'manifest', 'either'] as const;

const packKind = (digest: Digest, as: ReferenceEntry['as']) => places.indexOf(as) * 2 + (digestAlgorithm(digest) === 'sha256' ? 0 : 1);

const packRow = ({digest, size, type, as}: Row): Buffer => {
	const hex = digestHex(digest);
	const row = Buffer.allocUnsafe(headBytes + hex.length / 2);
	row.writeUInt8(packKind(digest, as), 0);
	row.writeUInt16LE(type, 1);
	row.writeUIntLE(Math.min(size, 2 ** 48 - 1), 3, 6);
	row.write(hex, headBytes, 'hex');
	return row;
};

const unpackRows = (packed: string, mediaTypes: readonly string[]): readonly ReferenceEntry[] => {
	const bytes = Buffer.from(packed, 'latin1');
	const rows: ReferenceEntry[] = [];
	for (let at = 0; at < bytes.length; ) {
		const kind = bytes.readUInt8(at);
		const algorithm = kind % 2 === 0 ? 'sha256' : 'sha512';
		const end = at + headBytes + (algorithm === 'sha256' ? 32 : 64);
		rows.push({
			digest: formatDigest(algorithm, bytes.toString('hex', at + headBytes, end)),
			size: bytes.readUIntLE(at + 3, 6),
			mediaType: mediaTypes[bytes.readUInt16LE(at + 1)] ?? '',
			as: places[kind >> 1] ?? 'either',
		});
		at = end;
	}
	return rows;
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
