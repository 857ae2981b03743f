/** What the tests know of an S3 server, whichever it is. */
import {CreateBucketCommand, S3Client} from '@aws-sdk/client-s3';
import type {Scope} from './scope.ts';

export interface S3Server {
	readonly name: string;
	readonly endpoint: string;
	readonly region: string;
	readonly accessKey: string;
	readonly secretKey: string;
	client(): S3Client;
	/** Makes an empty bucket and gives its name. */
	createBucket(): Promise<string>;
}

export type S3Address = Pick<S3Server, 'name' | 'endpoint' | 'accessKey' | 'secretKey'>;

export const s3Server = (scope: Scope, address: S3Address): S3Server => {
	const region = 'us-east-1';
	let buckets = 0;
	let known: S3Client | undefined;
	const client = () => {
		known ??= new S3Client({
			endpoint: address.endpoint,
			region,
			forcePathStyle: true,
			credentials: {accessKeyId: address.accessKey, secretAccessKey: address.secretKey},
		});
		return known;
	};
	scope.teardown(() => known?.destroy());
	return {
		...address,
		region,
		client,
		async createBucket() {
			const name = `bucket-${++buckets}`;
			await client().send(new CreateBucketCommand({Bucket: name}));
			return name;
		},
	};
};
