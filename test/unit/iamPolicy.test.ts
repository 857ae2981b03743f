/** deploy/iam-policy.json against the requests that the S3 store really makes: no right is missing, and none is for nothing. */
import {readFile} from 'node:fs/promises';
import test, {type ExecutionContext} from 'ava';
import {z} from 'zod';
import type {ObjectStore} from '../../src/storage/objectStore.ts';
import {createS3Store} from '../../src/storage/s3/s3Store.ts';
import {bodyOf, collect, someBytes} from '../support/bytes.ts';
import {type S3Double, type SeenRequest, startS3Double} from '../support/s3Double.ts';

type Resource = 'objects' | 'bucket';
type Operation = SeenRequest['operation'];

/** What AWS asks for (Service Authorization Reference, "Actions, resources, and condition keys for Amazon S3"). */
const actionsOf: Readonly<Record<Operation, readonly `s3:${string}`[]>> = {
	HeadBucket: ['s3:ListBucket'],
	// Without the right to list, S3 answers 403 and not 404 for what is not there.
	HeadObject: ['s3:GetObject', 's3:ListBucket'],
	GetObject: ['s3:GetObject', 's3:ListBucket'],
	PutObject: ['s3:PutObject'],
	CopyObject: ['s3:GetObject', 's3:PutObject'],
	DeleteObject: ['s3:DeleteObject'],
	DeleteObjects: ['s3:DeleteObject'],
	CreateMultipartUpload: ['s3:PutObject'],
	UploadPart: ['s3:PutObject'],
	UploadPartCopy: ['s3:GetObject', 's3:PutObject'],
	CompleteMultipartUpload: ['s3:PutObject'],
	AbortMultipartUpload: ['s3:AbortMultipartUpload'],
	ListObjectsV2: ['s3:ListBucket'],
	ListMultipartUploads: ['s3:ListBucketMultipartUploads'],
	ListParts: ['s3:ListMultipartUploadParts'],
	GetBucketVersioning: ['s3:GetBucketVersioning'],
	GetBucketLifecycleConfiguration: ['s3:GetLifecycleConfiguration'],
	GetObjectLockConfiguration: ['s3:GetBucketObjectLockConfiguration'],
	GetBucketEncryption: ['s3:GetEncryptionConfiguration'],
};

/** Of which resource AWS asks the action; a right on another is none. */
const resourceOf = (action: string): Resource =>
	['s3:GetObject', 's3:PutObject', 's3:DeleteObject', 's3:AbortMultipartUpload', 's3:ListMultipartUploadParts'].includes(action)
		? 'objects'
		: 'bucket';

const statementSchema = z.strictObject({
	Sid: z.string(),
	Effect: z.literal('Allow'),
	// Each by its name: a star would allow what nobody counted.
	Action: z.array(z.string().regex(/^s3:[A-Za-z]+$/)),
	Resource: z.enum(['arn:aws:s3:::YOUR-BUCKET/YOUR-PREFIX/*', 'arn:aws:s3:::YOUR-BUCKET']),
});
const policySchema = z.strictObject({Version: z.literal('2012-10-17'), Statement: z.array(statementSchema)});

const policyFile = new URL('../../deploy/iam-policy.json', import.meta.url);
const readPolicy = async () => policySchema.parse(JSON.parse(await readFile(policyFile, 'utf8')));

const rightsOf = (resource: Resource, {Statement}: z.infer<typeof policySchema>) =>
	Statement.filter(({Resource}) => Resource.endsWith('/*') === (resource === 'objects')).flatMap(({Action}) => Action);

/** Everything that a store is ever asked, so that each way to do it is taken. */
const useAll = async (t: ExecutionContext, store: ObjectStore, {bucket}: S3Double) => {
	await store.probe();
	await store.probeUploads();
	await store.now();
	await store.write('small', Buffer.from('small'));
	await store.stat('small');
	await collect((await store.read('small'))?.body ?? bodyOf(Buffer.alloc(0)));
	await store.upload('large', bodyOf(someBytes(3 * partBytes)), {size: 3 * partBytes});
	await t.throwsAsync(
		store.upload('cut', bodyOf(someBytes(2 * partBytes), {end: () => Promise.reject(new Error('cut'))}), {size: 3 * partBytes}),
	);
	await store.copy('small', 'small copy');
	await store.copy('large', 'large copy');
	await store.compose(
		[
			{key: 'large', size: 3 * partBytes},
			{key: 'small', size: 5},
		],
		'joined',
	);
	await Array.fromAsync(store.list(''));
	await store.remove(['small copy']);
	await store.remove(['large copy', 'joined']);
	await store.removeUntil('small', new Date((await store.now()).getTime() + 10_000));
	bucket.begin('layercache/left', 'application/octet-stream');
	for await (const upload of store.abandonedUploads(new Date(Date.now() + 60_000))) await upload.abort();
	// A client's download goes by our rights, too.
	await fetch((await store.presign('large', {method: 'GET', expiresInSeconds: 60})) as URL);
};

const partBytes = 64 * 1024;

const operationsSeen = async (t: ExecutionContext): Promise<Set<Operation>> => {
	const double = await startS3Double(t, {minPartBytes: partBytes});
	const {endpoint, bucketName, region, credentials} = double;
	const tuning = {singleBytes: partBytes, partBytes, joinableBytes: partBytes, copyBytes: 2 * partBytes};
	const store = createS3Store({bucket: bucketName, prefix: 'layercache', region, endpoint, credentials, tuning});
	t.teardown(() => store.close());
	await useAll(t, store, double);
	return new Set(double.requests.map(({operation}) => operation));
};

test('the store makes every request that is known of S3, so that nothing is left out of the comparison', async t => {
	t.deepEqual([...(await operationsSeen(t))].sort(), Object.keys(actionsOf).sort());
});

test('the policy allows what these requests need and nothing else', async t => {
	const policy = await readPolicy();
	const needed = [...(await operationsSeen(t))].flatMap(operation => actionsOf[operation]);
	for (const resource of ['objects', 'bucket'] as const) {
		const wanted = new Set(needed.filter(action => resourceOf(action) === resource));
		t.deepEqual(rightsOf(resource, policy).sort(), [...wanted].sort(), resource);
	}
});
