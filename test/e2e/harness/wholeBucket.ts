/** Reads everything that lies in a bucket, past layercache and whatever stands before S3, and names what is wrong with it. */
import {createHash} from 'node:crypto';
import {GetObjectCommand, type S3Client} from '@aws-sdk/client-s3';
import type {Storage} from './registryServer.ts';
import {storedObjects} from './storedObjects.ts';

export interface WholeBucket {
	/** What has other bytes than its name says, or lacks something that it promises; empty is well. */
	readonly wrong: readonly string[];
	/** How many blobs and manifests were read. */
	readonly read: number;
}

export const readWholeBucket = async (storage: Storage & {kind: 's3'}, repository: string): Promise<WholeBucket> => {
	const [client, sizes] = [storage.server.client(), await storedObjects(storage)];
	const wrong: string[] = [];
	const home = `repos/${repository}`;
	const keys = [...sizes.keys()].filter(key => key.startsWith(`${home}/`));
	let read = 0;
	for (const key of keys) {
		const digest = digestOfKey(key);
		if (!digest) continue;
		const bytes = await contentOf(client, storage.bucket, key);
		read += 1;
		if (createHash(digest.algorithm).update(bytes).digest('hex') !== digest.hex) wrong.push(`${key} has other bytes`);
		else if (key.includes('/_manifests/'))
			wrong.push(...missingOf(JSON.parse(bytes.toString()), home, sizes).map(gone => `${key} lacks ${gone}`));
	}
	for (const key of keys.filter(name => name.startsWith(`${home}/_tags/`))) {
		const {digest} = JSON.parse((await contentOf(client, storage.bucket, key)).toString());
		if (!sizes.has(`${home}/_manifests/${pathOf(digest)}`)) wrong.push(`${key} points at ${digest}, which is not there`);
	}
	return {wrong, read};
};

const digestOfKey = (key: string) => {
	const [, algorithm, hex] = /\/_(?:blobs\/(?=\w+\/\w{2}\/)|manifests\/)(\w+)\/(?:\w{2}\/)?([0-9a-f]{64,})$/.exec(key) ?? [];
	return algorithm && hex ? {algorithm, hex} : undefined;
};

const pathOf = (digest: string) => digest.replace(':', '/');

interface Described {
	readonly digest: string;
	readonly size: number;
}

const missingOf = (
	{config, layers = [], manifests = []}: {config?: Described; layers?: Described[]; manifests?: Described[]},
	home: string,
	sizes: ReadonlyMap<string, number>,
) =>
	[...(config ? [config] : []), ...layers, ...manifests]
		.filter(({digest, size}) => {
			const [algorithm, hex = ''] = digest.split(':');
			return ![`_blobs/${algorithm}/${hex.slice(0, 2)}/${hex}`, `_manifests/${algorithm}/${hex}`].some(
				key => sizes.get(`${home}/${key}`) === size,
			);
		})
		.map(({digest}) => digest);

const contentOf = async (client: S3Client, Bucket: string, Key: string) => {
	const {Body} = await client.send(new GetObjectCommand({Bucket, Key}));
	if (!Body) throw new Error(`${Key} has no body`);
	return Buffer.from(await Body.transformToByteArray());
};
