/** What lies in a store, byte for byte, seen from below the server. */
import {readFile} from 'node:fs/promises';
import {join} from 'node:path';
import {GetObjectCommand} from '@aws-sdk/client-s3';
import {sha256} from './registryClient.ts';
import type {Storage} from './registryServer.ts';
import {storedObjects} from './storedObjects.ts';

/** The digests of all objects whose key has this in it, by their keys. */
export const storedContents = async (storage: Storage, part: string): Promise<Map<string, string>> => {
	const keys = [...(await storedObjects(storage)).keys()].filter(key => key.includes(part));
	return new Map(await Promise.all(keys.map(async key => [key, sha256(await bytesOf(storage, key))] as const)));
};

const bytesOf = async (storage: Storage, key: string): Promise<Uint8Array> => {
	if (storage.kind === 'disk') return readFile(join(storage.folder, key));
	const {Body} = await storage.server.client().send(new GetObjectCommand({Bucket: storage.bucket, Key: key}));
	if (!Body) throw new Error(`${key} has no body`);
	return Body.transformToByteArray();
};
