/** What lies in a store, seen from below the server. */
import {readdir, stat} from 'node:fs/promises';
import {join, relative} from 'node:path';
import {paginateListObjectsV2} from '@aws-sdk/client-s3';
import type {Storage} from './registryServer.ts';

/** The sizes of all objects by their keys. */
export const storedObjects = (storage: Storage): Promise<Map<string, number>> =>
	storage.kind === 'disk' ? filesBelow(storage.folder) : objectsOf(storage);

const filesBelow = async (folder: string) => {
	const entries = await readdir(folder, {recursive: true, withFileTypes: true});
	const files = entries.filter(entry => entry.isFile()).map(entry => join(entry.parentPath, entry.name));
	const sizes = await Promise.all(files.map(async file => [relative(folder, file), (await stat(file)).size] as const));
	return new Map(sizes.sort());
};

const objectsOf = async ({server, bucket}: Storage & {kind: 's3'}) => {
	const sizes = new Map<string, number>();
	for await (const page of paginateListObjectsV2({client: server.client()}, {Bucket: bucket}))
		for (const {Key: key, Size: size} of page.Contents ?? []) if (key) sizes.set(key, size ?? 0);
	return sizes;
};
