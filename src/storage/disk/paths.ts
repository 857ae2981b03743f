/**
 * Where a key lies on disk. Every part between slashes becomes a folder, the last one a file, and file names carry a suffix that no folder
 * can have, so that `a` and `a/b` never clash. Names are made of `a-z 0-9 - _ .` and `%` escapes alone: capitals are escaped too, since
 * tags are case-sensitive and the file systems of macOS and Windows are not. Long parts are cut: the first piece becomes a folder of its own.
 */
import {join} from 'node:path';
import {type ByteString, toBytes} from '../../lib/byteOrder.ts';

/** `bytes`: nothing but the object's bytes. `typed`: a fixed header with the content type before them. */
export type Form = 'bytes' | 'typed';
export const forms: readonly Form[] = ['bytes', 'typed'];

export type EntryName = {kind: 'object'; form: Form; part: ByteString} | {kind: 'folder' | 'more'; part: ByteString};

/** The path of an object's file, without the suffix of its form. */
export const objectPath = (root: string, key: string): string => {
	const parts = toBytes(key).split('/').map(piecesOf);
	const last = parts.pop() as Pieces;
	return join(root, ...parts.flatMap(folders), ...last.cut.map(piece => `${piece}${more}`), last.rest);
};

/** The folder whose entries are the keys that start with `prefix`, which is empty or ends with a slash. */
export const folderPath = (root: string, prefix: string): string =>
	join(root, ...toBytes(prefix).split('/').slice(0, -1).map(piecesOf).flatMap(folders));

export const fileOf = (path: string, form: Form): string => `${path}@${form}`;

/** What a name in a folder stands for; undefined for what we did not put there (`.DS_Store`, `.nfs…`). */
export const parseEntry = (name: string): EntryName | undefined => {
	const [, escaped, suffix] = /^(%|(?:[a-z0-9_-]|%[0-9a-f]{2})(?:[a-z0-9_.-]|%[0-9a-f]{2})*)(?:@(bytes|typed|more))?$/.exec(name) ?? [];
	if (escaped === undefined) return undefined;
	const part = (
		escaped === empty ? '' : escaped.replace(/%(..)/g, (_, hex) => String.fromCharCode(Number.parseInt(hex, 16)))
	) as ByteString;
	if (suffix === 'bytes' || suffix === 'typed') return {kind: 'object', form: suffix, part};
	return {kind: suffix === 'more' ? 'more' : 'folder', part};
};

const more = '@more';
const empty = '%';

// With the suffix, and an escape at either end, names stay below the 143 bytes of encrypted home folders; a SHA-512 in hex is not cut.
const cutAt = 130;

type Pieces = {cut: string[]; rest: string};

/** A piece is the shortest beginning that is long enough. So no piece is the beginning of another, nor of a part that is not cut: sorting a folder by the pieces sorts its keys. */
const piecesOf = (part: string): Pieces => {
	const cut: string[] = [];
	let piece = '';
	for (const byte of part) {
		piece += plain.test(byte) ? byte : escapeOf(byte);
		if (piece.length < cutAt) continue;
		cut.push(withoutLeadingDot(piece));
		piece = '';
	}
	return {cut, rest: withoutLeadingDot(piece) || empty};
};

const folders = ({cut, rest}: Pieces) => [...cut.map(piece => `${piece}${more}`), rest];

const plain = /[a-z0-9_.-]/;
const escapeOf = (byte: string) => `%${byte.charCodeAt(0).toString(16).padStart(2, '0')}`;
// No `.`, no `..`, no hidden files.
const withoutLeadingDot = (piece: string) => piece.replace(/^\./, escapeOf);
