/** Folders that are there, and stay there after a power cut, when an object is put into them; and that go when their last object does. */
import {mkdir, open, rmdir} from 'node:fs/promises';
import {dirname} from 'node:path';
import {errorCode} from './diskErrors.ts';

export type Folders = {
	/** Makes a folder and those above it. Each is synced once in the life of this process, whoever made it. */
	ensure(folder: string): Promise<void>;
	/** Some folder was not there after all: another process emptied and removed it. */
	forget(folder: string): void;
	/** Removes a folder and those above it as far as they are empty; answers the first that stays. */
	prune(folder: string): Promise<string>;
};

export const createFolders = (root: string): Folders => {
	const known = new Set<string>();

	const ensure = async (folder: string): Promise<void> => {
		if (known.has(folder)) return;
		if (folder === root) await makeRoot(root);
		else {
			await ensure(dirname(folder));
			await makeOne(folder);
			await syncFolder(dirname(folder));
		}
		if (known.size >= rememberedFolders) known.clear();
		known.add(folder);
	};

	const forget = (folder: string): void => {
		for (let at = folder; at.length > root.length; at = dirname(at)) known.delete(at);
	};

	const prune = async (folder: string): Promise<string> => {
		if (folder === root || !(await removedIfEmpty(folder))) return folder;
		known.delete(folder);
		return prune(dirname(folder));
	};

	return {ensure, forget, prune};
};

const rememberedFolders = 10_000;

/** After this the entries of a folder survive a power cut. Not every file system has such a thing; then its own journal must do. */
export const syncFolder = async (folder: string): Promise<void> => {
	try {
		await using handle = await open(folder, 'r');
		await handle.sync();
	} catch (error) {
		if (!['EINVAL', 'ENOTSUP', 'EISDIR', 'EACCES', 'EPERM', 'ENOENT'].includes(errorCode(error) ?? '')) throw error;
	}
};

const makeRoot = async (root: string) => {
	const first = await mkdir(root, {recursive: true});
	if (first === undefined) return;
	const top = dirname(first);
	for (let at = dirname(root); ; at = dirname(at)) {
		await syncFolder(at);
		if (at === top || at === dirname(at)) return;
	}
};

const makeOne = async (folder: string) => {
	try {
		await mkdir(folder);
	} catch (error) {
		if (errorCode(error) !== 'EEXIST') throw error;
	}
};

const removedIfEmpty = async (folder: string) => {
	try {
		await rmdir(folder);
		return true;
	} catch (error) {
		if (['ENOTEMPTY', 'EEXIST', 'ENOENT', 'EBUSY'].includes(errorCode(error) ?? '')) return false;
		throw error;
	}
};
