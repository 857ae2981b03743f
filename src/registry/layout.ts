/** The mark that says which layout a store has, so that no version ever writes into what it does not understand. */
import {z} from 'zod';
import {readAll} from '../lib/bytes.ts';
import {type ObjectStore, PreconditionFailed, StoreUnfit} from '../storage/objectStore.ts';
import {keys} from './keys.ts';

/** The version of the layout in keys.ts. */
export const layoutVersion = 1;

/** Marks an empty store, or makes sure that the mark is ours. Throws StoreUnfit naming both versions. */
export const openLayout = async (store: ObjectStore): Promise<void> => {
	if (await isMarked(store)) return;
	if (!(await writeMark(store))) await isMarked(store);
};

/** Whether a store has our mark; false when it has none. Throws StoreUnfit when the mark is another's. */
export const isMarked = async (store: ObjectStore): Promise<boolean> => {
	const found = await readMark(store);
	if (found === undefined) return false;
	if (found === layoutVersion) return true;
	throw new StoreUnfit(
		`${keys.layout} says that the store has layout ${found}, and this layercache knows layout ${layoutVersion}: ` +
			'use the version of layercache that wrote it, or another bucket, prefix or folder',
	);
};

const markSchema = z.looseObject({version: z.union([z.number(), z.string()])});

const readMark = async (store: ObjectStore): Promise<number | string | undefined> => {
	const object = await store.read(keys.layout);
	if (!object) return undefined;
	const text = (await readAll(object.body)).toString();
	try {
		return markSchema.parse(JSON.parse(text)).version;
	} catch (cause) {
		throw new StoreUnfit(`${keys.layout} is not layercache's: the bucket, prefix or folder belongs to something else. Choose another.`, {
			cause,
		});
	}
};

/** False when another replica was first. */
const writeMark = async (store: ObjectStore): Promise<boolean> => {
	try {
		await store.write(keys.layout, Buffer.from(JSON.stringify({version: layoutVersion, by: 'layercache'})), {
			contentType: 'application/json',
			ifAbsent: true,
		});
		return true;
	} catch (error) {
		if (error instanceof PreconditionFailed) return false;
		throw error;
	}
};
