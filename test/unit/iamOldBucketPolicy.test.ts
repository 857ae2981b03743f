/** deploy/iam-old-bucket-policy.json against what is asked of an old bucket: enough of it, and nothing else. */
import {readFile} from 'node:fs/promises';
import test from 'ava';
import {z} from 'zod';
import {importCache, layerDigest} from '../support/caches.ts';
import {exportTypeS3, startOnOldBucket} from '../support/oldBuckets.ts';
import {until} from '../support/until.ts';

const policySchema = z.strictObject({
	Version: z.literal('2012-10-17'),
	Statement: z.array(z.strictObject({Sid: z.string(), Effect: z.literal('Allow'), Action: z.array(z.string()), Resource: z.string()})),
});

/** What AWS asks for, and of which keys; without the right to list, S3 answers 403 and not 404 for what is not there. */
const needs = {
	HeadObject: ['s3:GetObject', 's3:ListBucket'],
	GetObject: ['s3:GetObject', 's3:ListBucket'],
	CopyObject: ['s3:GetObject', 's3:PutObject'],
} as const;

test('iam-old-bucket-policy.json allows what is asked of an old bucket, on the keys that it is asked of, and nothing else', async t => {
	const {Statement} = policySchema.parse(
		JSON.parse(await readFile(new URL('../../deploy/iam-old-bucket-policy.json', import.meta.url), 'utf8')),
	);
	const rights = Statement.flatMap(({Action, Resource}) =>
		Action.map(action => ({action, prefix: Resource.replace(/^arn:aws:s3:::YOUR-OLD-BUCKET\/?/, '').replace('YOUR-PREFIX', 'ci/')})),
	);
	const isAllowed = (action: string, key: string) =>
		rights.some(
			right =>
				right.action === action && (action === 's3:ListBucket' ? right.prefix === '' : key.startsWith(right.prefix.replace('*', ''))),
		);

	let now = Date.parse('2026-11-01T00:00:00Z');
	const entry = {repository: 'old', prefix: 'ci/', names: ['main'], touch: true};
	const {client, double} = await startOnOldBucket(t, [entry], {double: {now: () => new Date(now)}});
	exportTypeS3(double, ['main'], ['one', 'two'], {prefix: 'ci/'});
	double.bucket.objects.delete(`ci/blobs/${layerDigest('two')}`);
	now += 25 * 3_600_000;
	await importCache(client, 'old', 'main');
	t.is((await client.get(`/v2/old/blobs/${layerDigest('one')}`)).status, 200);
	await until(() => double.count('CopyObject') > 0);

	const asked = double.requests.flatMap(({operation, key}) => {
		t.true(operation in needs, operation);
		return (needs[operation as keyof typeof needs] ?? []).map(action => ({action, key}));
	});
	for (const {action, key} of asked) t.true(isAllowed(action, key), `${action} ${key}`);
	t.deepEqual([...new Set(rights.map(({action}) => action))].sort(), [...new Set(asked.map(({action}) => action))].sort());
	for (const key of ['ci/manifests/main', 'other/blobs/x']) t.false(isAllowed('s3:PutObject', key));
});
