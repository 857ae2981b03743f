/** What a cache has brought into the bucket: counted, to see that it was really sent, and removed when it is no longer needed. */
import {DeleteObjectsCommand, paginateListObjectsV2} from '@aws-sdk/client-s3';
import type {S3Server} from '../../test/e2e/harness/s3Server.ts';

export const storedBytes = async (server: S3Server, bucket: string, prefix: string): Promise<number> => {
	let bytes = 0;
	for await (const {Size = 0} of objects(server, bucket, prefix)) bytes += Size;
	return bytes;
};

export const removeStored = async (server: S3Server, bucket: string, prefix: string): Promise<void> => {
	const keys: string[] = [];
	for await (const {Key} of objects(server, bucket, prefix)) if (Key) keys.push(Key);
	for (let start = 0; start < keys.length; start += 1000) {
		const Objects = keys.slice(start, start + 1000).map(Key => ({Key}));
		const {Errors: errors = []} = await server.client().send(new DeleteObjectsCommand({Bucket: bucket, Delete: {Objects, Quiet: true}}));
		if (errors[0]) throw new Error(`${errors.length} objects could not be removed: ${errors[0].Code}`);
	}
};

async function* objects(server: S3Server, bucket: string, prefix: string) {
	for await (const page of paginateListObjectsV2({client: server.client()}, {Bucket: bucket, Prefix: prefix})) yield* page.Contents ?? [];
}
