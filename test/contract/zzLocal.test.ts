import {env} from 'node:process';
import {CreateBucketCommand, S3Client} from '@aws-sdk/client-s3';
import {s3ServerContract} from './s3Servers.ts';

const endpoint = env.T_ENDPOINT ?? '';
const a = {endpoint, region: 'us-east-1', accessKey: 'layercache', secretKey: 'layercache-secret'};
s3ServerContract({
	address: async () => a,
	async createBucket() {
		const client = new S3Client({
			endpoint,
			region: a.region,
			forcePathStyle: true,
			credentials: {accessKeyId: a.accessKey, secretAccessKey: a.secretKey},
		});
		const name = `b-${Date.now()}`;
		await client.send(new CreateBucketCommand({Bucket: name}));
		return name;
	},
	cannot: (env.T_CANNOT ?? '').split(',').filter(x => x) as never,
});
