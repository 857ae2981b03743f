/** Files that are still being written. They lie beside the objects, on the same file system, and carry their key in a file of their own, so that what a crash leaves behind can be told apart. */
import {randomBytes} from 'node:crypto';
import {constants} from 'node:fs';
import {copyFile, type FileHandle, link, open, readdir, readFile, rm, stat, writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import type {AbandonedUpload} from '../objectStore.ts';
import {errorCode, orAbsent} from './diskErrors.ts';
import type {Folders} from './folders.ts';

export type IncomingFile = {
	path: string;
	append(bytes: Uint8Array): Promise<void>;
	/** Makes the bytes survive a power cut and closes the file. */
	seal(): Promise<void>;
	/** Closes and removes what is left of it. */
	discard(): Promise<void>;
};

export type Incoming = {
	begin(key: string): Promise<IncomingFile>;
	/** Begins with the bytes of another file; shares its blocks where the file system can. */
	beginAsCopy(key: string, file: string): Promise<IncomingFile>;
	/** Begins as another name of a file that is never written again, so nothing may be appended; as its copy where the file system has no such thing. */
	beginAsLink(key: string, file: string): Promise<IncomingFile>;
	abandoned(olderThan: Date): AsyncIterable<AbandonedUpload>;
};

export const createIncoming = (folder: string, folders: Folders): Incoming => {
	const begin = async (key: string, fill?: (path: string) => Promise<void>): Promise<IncomingFile> => {
		await folders.ensure(folder);
		const path = join(folder, `${Date.now()}-${randomBytes(8).toString('hex')}`);
		const discard = () => removeBoth(path);
		try {
			await writeFile(keyFile(path), key, {flag: 'wx'});
			await fill?.(path);
			return fileInProgress(path, await open(path, fill ? 'a' : 'ax'), discard);
		} catch (error) {
			await discard().catch(() => undefined);
			throw error;
		}
	};

	return {
		begin: key => begin(key),
		beginAsCopy: (key, file) => begin(key, path => copy(file, path)),
		beginAsLink: (key, file) => begin(key, path => linkOrCopy(file, path)),

		async *abandoned(olderThan) {
			for (const name of (await orAbsent(readdir(folder))) ?? []) {
				const startedAt = startOf(name);
				if (startedAt === undefined || startedAt >= olderThan.getTime()) continue;
				const path = join(folder, name.slice(0, -keySuffix.length));
				const lastWritten = (await orAbsent(stat(path)))?.mtime;
				if (lastWritten && lastWritten >= olderThan) continue;
				const key = await orAbsent(readFile(keyFile(path), 'utf8'));
				if (key !== undefined) yield {key, startedAt: new Date(startedAt), abort: () => removeBoth(path)};
			}
		},
	};
};

const keySuffix = '.key';
const keyFile = (path: string) => `${path}${keySuffix}`;

const startOf = (name: string) => {
	const [, startedAt] = /^(\d+)-[0-9a-f]{16}\.key$/.exec(name) ?? [];
	return startedAt === undefined ? undefined : Number(startedAt);
};

const copy = (file: string, path: string) => copyFile(file, path, constants.COPYFILE_FICLONE);

const linkOrCopy = async (file: string, path: string) => {
	try {
		await link(file, path);
	} catch (error) {
		if (!withoutLinks.includes(errorCode(error) ?? '')) throw error;
		await copy(file, path);
	}
};

const withoutLinks = ['EPERM', 'EACCES', 'EMLINK', 'ENOSYS', 'ENOTSUP', 'EOPNOTSUPP', 'EXDEV'];

// The key goes last: without it the other file would never be found again.
const removeBoth = async (path: string) => {
	await rm(path, {force: true});
	await rm(keyFile(path), {force: true});
};

const fileInProgress = (path: string, handle: FileHandle, remove: () => Promise<void>): IncomingFile => {
	let isOpen = true;
	const close = async () => {
		if (isOpen) await handle.close();
		isOpen = false;
	};
	return {
		path,

		async append(bytes) {
			for (let left = bytes; left.length > 0; ) left = left.subarray((await handle.write(left)).bytesWritten);
		},

		async seal() {
			// The kernel's own time stamps are some milliseconds apart, and an inode's number may be used again within them: finer ones tell two writes apart.
			const seconds = (Date.now() + Math.random()) / 1000;
			await handle.utimes(seconds, seconds);
			await handle.sync();
			await close();
		},

		async discard() {
			await close();
			await remove();
		},
	};
};
