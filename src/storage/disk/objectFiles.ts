/**
 * The file of one object. A blob is a plain file of nothing but its bytes, which any tool can read and hash. A document whose content type
 * matters has it in a first line of fixed length, so that type and bytes appear with one rename, and so that a listing needs not open it.
 * The ETag is made of the inode, the time and the size: no two writes share them.
 */
import type {BigIntStats} from 'node:fs';
import {type FileHandle, open, rename, stat, unlink} from 'node:fs/promises';
import {type Etag, octetStream} from '../objectStore.ts';
import {orAbsent} from './diskErrors.ts';
import {type Form, fileOf, forms} from './paths.ts';

export type FileFacts = {size: number; etag: Etag; modified: Date; contentType: string};
export type OpenObject = {handle: FileHandle; form: Form; facts: FileFacts};

export const formFor = (contentType: string): Form => (contentType === octetStream ? 'bytes' : 'typed');

export const headerBytes: Readonly<Record<Form, number>> = {bytes: 0, typed: 256};

export const headerOf = (contentType: string): Buffer => {
	const line = Buffer.from(contentType);
	if (line.length >= headerBytes.typed || line.includes('\n')) throw new TypeError(`this content type cannot be stored: ${contentType}`);
	return Buffer.concat([line, Buffer.alloc(headerBytes.typed - 1 - line.length, ' '), Buffer.from('\n')]);
};

/** Opens the object's file. Where both forms are there, a change of form was cut short, and the plain one counts. */
export const openObject = async (path: string): Promise<OpenObject | undefined> => {
	for (const form of forms) {
		const handle = await orAbsent(open(fileOf(path, form)));
		if (!handle) continue;
		try {
			return {handle, form, facts: {...factsOf(form, await handle.stat({bigint: true})), contentType: await contentTypeOf(form, handle)}};
		} catch (error) {
			await handle.close();
			throw error;
		}
	}
	return undefined;
};

export const statObject = async (path: string): Promise<FileFacts | undefined> => {
	const plain = await orAbsent(stat(fileOf(path, 'bytes'), {bigint: true}));
	if (plain) return {...factsOf('bytes', plain), contentType: octetStream};
	const object = await openObject(path);
	await object?.handle.close();
	return object?.facts;
};

/** What is known without opening the file. */
export const statForm = async (path: string, form: Form): Promise<Omit<FileFacts, 'contentType'> | undefined> => {
	const stats = await orAbsent(stat(fileOf(path, form), {bigint: true}));
	return stats && factsOf(form, stats);
};

/** Puts a finished file in the object's place. A plain file counts from its rename on, a typed one from when no plain one stands before it. */
export const replaceObject = async (file: string, path: string, form: Form): Promise<void> => {
	await rename(file, fileOf(path, form));
	await orAbsent(unlink(fileOf(path, form === 'bytes' ? 'typed' : 'bytes')));
};

const factsOf = (form: Form, stats: BigIntStats) => ({
	size: Number(stats.size) - headerBytes[form],
	etag: [stats.mtimeNs, stats.ino, stats.size].map(number => number.toString(36)).join('-') as Etag,
	modified: new Date(Number(stats.mtimeMs)),
});

const contentTypeOf = async (form: Form, handle: FileHandle) => {
	if (form === 'bytes') return octetStream;
	const {buffer} = await handle.read(Buffer.alloc(headerBytes.typed), 0, headerBytes.typed, 0);
	return buffer.toString().trimEnd();
};
