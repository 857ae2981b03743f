/** The objects of a folder tree in byte order of their keys, one folder in memory at a time for each level. */
import {readdir} from 'node:fs/promises';
import {join} from 'node:path';
import {type ByteString, fromBytes, inByteOrder, toBytes} from '../../lib/byteOrder.ts';
import {errorCode} from './diskErrors.ts';
import {type EntryName, type Form, folderPath, parseEntry} from './paths.ts';

/** `path` is the object's path without the suffix of its form. */
export type FoundObject = {key: string; path: string; form: Form};

export async function* walk(
	root: string,
	prefix: string,
	{after = '', delimiter}: {after?: string; delimiter?: '/'},
): AsyncGenerator<FoundObject | {prefix: string}> {
	const folder = prefix.slice(0, prefix.lastIndexOf('/') + 1);
	yield* walkFolder(folderPath(root, folder), toBytes(folder), {
		prefix: toBytes(prefix),
		after: toBytes(after),
		rollUp: delimiter !== undefined,
	});
}

type Wanted = {prefix: ByteString; after: ByteString; rollUp: boolean};

/** `at` is where a key of this entry begins in the order: the whole key of an object, with its slash for a folder. */
type Entry = EntryName & {at: ByteString; name: string};

async function* walkFolder(folder: string, keyStart: string, wanted: Wanted): AsyncGenerator<FoundObject | {prefix: string}> {
	let last: string | undefined;
	for (const entry of await entriesOf(folder, keyStart)) {
		const {at, kind, name} = entry;
		if (kind === 'object') {
			// Both forms of one object: the plain one, which sorts first, counts.
			if (at === last || !at.startsWith(wanted.prefix) || at <= wanted.after) continue;
			last = at;
			yield {key: fromBytes(at), path: join(folder, name.slice(0, name.lastIndexOf('@'))), form: entry.form};
		} else if (mayHold(at, wanted)) {
			const inner = walkFolder(join(folder, name), at, wanted);
			if (kind === 'more' || !wanted.rollUp || at.length <= wanted.prefix.length) yield* inner;
			else if (at > wanted.after && (await holdsAny(inner))) yield {prefix: fromBytes(at)};
		}
	}
}

const entriesOf = async (folder: string, keyStart: string): Promise<Entry[]> => {
	const entries: Entry[] = [];
	for (const name of await namesIn(folder)) {
		const entry = parseEntry(name);
		if (entry) entries.push({...entry, name, at: `${keyStart}${entry.part}${entry.kind === 'folder' ? '/' : ''}` as ByteString});
	}
	return entries.sort((a, b) => inByteOrder(a.at, b.at) || inByteOrder(a.name, b.name));
};

const mayHold = (at: string, {prefix, after}: Wanted) =>
	(at.startsWith(prefix) || prefix.startsWith(at)) && (at > after || after.startsWith(at));

const holdsAny = async (objects: AsyncIterable<unknown>) => {
	for await (const _ of objects) return true;
	return false;
};

const namesIn = async (folder: string) => {
	try {
		return await readdir(folder);
	} catch (error) {
		if (['ENOENT', 'ENOTDIR'].includes(errorCode(error) ?? '')) return [];
		throw error;
	}
};
