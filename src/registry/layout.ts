/** The mark that says which layout a store has, so that no version ever writes into what it does not understand. */
import {z} from 'zod';
import {readAll} from '../lib/bytes.ts';
import {type ObjectStore, PreconditionFailed, StoreUnfit} from '../storage/objectStore.ts';
import {keys} from './keys.ts';

/** The version of the layout in keys.ts. */
export const layoutVersion = 1;

/** Marks an empty store, or makes sure that the mark is ours. Throws StoreUnfit naming both versions. */
export const openLayout = async (store: ObjectStore): Promise<void> => {
	const found = (await readMark(store)) ?? (await writeMark(store)) ?? (await readMark(store));
	if (found === layoutVersion) return;
	throw new StoreUnfit(
		`${keys.layout} says that the store has layout ${found ?? 'unknown'}, and this layercache knows layout ${layoutVersion}: ` +
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

/** The version we wrote; undefined when another replica was first. */
const writeMark = async (store: ObjectStore): Promise<number | undefined> => {
	try {
		await store.write(keys.layout, Buffer.from(JSON.stringify({version: layoutVersion, by: 'layercache'})), {
			contentType: 'application/json',
			ifAbsent: true,
		});
		return layoutVersion;
	} catch (error) {
		if (error instanceof PreconditionFailed) return undefined;
		throw error;
	}
};
