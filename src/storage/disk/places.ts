/** Where finished files become objects and objects go: each change under the lock of its key, so that conditions hold between processes. */
import {unlinkSync} from 'node:fs';
import {stat, unlink} from 'node:fs/promises';
import {dirname} from 'node:path';
import {mapInOrder} from '../../lib/mapInOrder.ts';
import {type ObjectFacts, octetStream, PreconditionFailed, StoreUnavailable, type WriteOptions} from '../objectStore.ts';
import {errorCode, orAbsent} from './diskErrors.ts';
import {type Folders, syncFolder} from './folders.ts';
import type {Locks} from './locks.ts';
import {type FileFacts, formFor, replaceObject, statForm, statObject} from './objectFiles.ts';
import {type Form, fileOf, forms, objectPath} from './paths.ts';

export type Places = {
	root: string;
	pathOf(key: string): string;
	/** Makes a sealed file the object. Once this answers, it stays so after a power cut. */
	publish(key: string, file: string, options: WriteOptions): Promise<ObjectFacts>;
	remove(keys: readonly string[]): Promise<void>;
	removeUntil(key: string, until: Date): Promise<void>;
};

export const createPlaces = (root: string, folders: Folders, locks: Locks): Places => {
	const pathOf = (key: string) => objectPath(root, key);

	const moveIntoPlace = async (file: string, path: string, form: Form): Promise<void> => {
		try {
			await folders.ensure(dirname(path));
			await replaceObject(file, path, form);
		} catch (error) {
			if (errorCode(error) !== 'ENOENT') throw error;
			if (!(await orAbsent(stat(file))))
				throw new StoreUnavailable('the upload was aborted: nothing had come for it for long', {cause: error});
			// Someone removed the last object of that folder just now, and the folder with it.
			folders.forget(dirname(path));
			await moveIntoPlace(file, path, form);
		}
	};

	return {
		root,
		pathOf,

		async publish(key, file, {contentType = octetStream, ...conditions}) {
			const path = pathOf(key);
			const facts = await locks.hold(key, async () => {
				await demand(key, path, conditions);
				const form = formFor(contentType);
				await moveIntoPlace(file, path, form);
				return (await statForm(path, form)) as Omit<FileFacts, 'contentType'>;
			});
			await syncFolder(dirname(path));
			return {key, ...facts, contentType, answeredAt: new Date()};
		},

		async remove(keys) {
			const emptied = new Set<string>();
			const removeOne = (key: string) =>
				locks.hold(key, async () => {
					for (const file of filesOf(pathOf(key))) await orAbsent(unlink(file));
					return dirname(pathOf(key));
				});
			for await (const folder of mapInOrder(keys, removalsUnderWay, removeOne)) emptied.add(folder);
			for (const folder of emptied) await syncFolder(await folders.prune(folder));
		},

		async removeUntil(key, until) {
			const path = pathOf(key);
			await locks.hold(key, async () => {
				// Without a pause, so that nothing comes between the look at the clock and the removal.
				if (Date.now() <= until.getTime()) for (const file of filesOf(path)) removeNow(file);
			});
			await syncFolder(await folders.prune(dirname(path)));
		},
	};
};

const removalsUnderWay = 16;

// A plain file hides a typed one: it goes last, or what it hides would come to light.
const filesOf = (path: string) => forms.toReversed().map(form => fileOf(path, form));

const demand = async (key: string, path: string, {ifAbsent, ifMatch}: WriteOptions) => {
	if (!ifAbsent && ifMatch === undefined) return;
	const current = await statObject(path);
	if ((ifAbsent && current) || (ifMatch !== undefined && current?.etag !== ifMatch)) throw new PreconditionFailed(key);
};

const removeNow = (file: string) => {
	try {
		unlinkSync(file);
	} catch (error) {
		if (errorCode(error) !== 'ENOENT') throw error;
	}
};
