/** The policies of the profiles that sign URLs, against what their signatures are used for: enough of it, and nothing else. */
import {readFile} from 'node:fs/promises';
import test, {type ExecutionContext} from 'ava';
import {digestOf, parseRepositoryName} from 'oci-spec-types';
import {z} from 'zod';
import {keys} from '../../src/registry/keys.ts';
import {someBytes} from '../support/bytes.ts';
import {startStoreOnDouble} from '../support/s3DoubleStore.ts';

const policySchema = z.strictObject({
	Version: z.literal('2012-10-17'),
	Statement: z.tuple([
		z.strictObject({
			Sid: z.string(),
			Effect: z.literal('Allow'),
			Action: z.tuple([z.string()]),
			Resource: z.array(z.string().startsWith('arn:aws:s3:::YOUR-BUCKET/YOUR-PREFIX/')),
		}),
	]),
});

const readPolicy = async (name: string) => {
	const text = await readFile(new URL(`../../deploy/${name}`, import.meta.url), 'utf8');
	const [{Action, Resource}] = policySchema.parse(JSON.parse(text)).Statement;
	return {action: Action[0], patterns: Resource.map(arn => patternOf(arn.replace('arn:aws:s3:::YOUR-BUCKET/YOUR-PREFIX/', 'layercache/')))};
};

/** IAM's star stands for anything, slashes too. */
const patternOf = (resource: string) =>
	new RegExp(
		`^${resource
			.split('*')
			.map(part => part.replaceAll('.', '\\.'))
			.join('.*')}$`,
	);

/** Everything that URLs are used for, by profiles of their own: the looks at the start, and one blob up and down. */
const useUrls = async (t: ExecutionContext) => {
	const downloader = {accessKeyId: 'AKIDOWN', secretAccessKey: 'secret of downloads'};
	const uploader = {accessKeyId: 'AKIUP', secretAccessKey: 'secret of uploads'};
	const settings = {prefix: 'layercache', downloadCredentials: async () => downloader, uploadCredentials: async () => uploader};
	const {double, store} = await startStoreOnDouble(t, {}, settings);
	double.otherCredentials.push(downloader, uploader);
	t.true((await store.probe()).presignedGet);
	t.true((await store.probeUploads()).redirect);
	const bytes = someBytes(5000);
	const key = keys.blob(parseRepositoryName('ci/app'), digestOf(bytes));
	const expiresInSeconds = 60;
	const put = await store.presign(key, {method: 'PUT', sha256: digestOf(bytes), size: bytes.length, expiresInSeconds});
	t.is((await fetch(put as URL, {method: 'PUT', body: bytes})).status, 200);
	t.is((await fetch((await store.presign(key, {method: 'GET', expiresInSeconds})) as URL)).status, 200);
	// What the look at uploads adds to a request is not what anyone signed.
	const signed = double.requests.filter(({headers}) => !('x-amz-copy-source' in headers));
	return (accessKeyId: string) => signed.filter(request => request.accessKeyId === accessKeyId);
};

for (const [file, accessKeyId, operation, action] of [
	['iam-download-policy.json', 'AKIDOWN', 'GetObject', 's3:GetObject'],
	['iam-upload-policy.json', 'AKIUP', 'PutObject', 's3:PutObject'],
] as const) {
	test(`${file} allows what its URLs do, on the keys that they are for, and nothing else`, async t => {
		const policy = await readPolicy(file);
		const requests = (await useUrls(t))(accessKeyId);
		t.deepEqual([...new Set(requests.map(request => request.operation))], [operation]);
		t.is(policy.action, action);
		for (const {key} of requests)
			t.true(
				policy.patterns.some(pattern => pattern.test(key)),
				key,
			);
		for (const pattern of policy.patterns)
			t.true(
				requests.some(({key}) => pattern.test(key)),
				String(pattern),
			);
		for (const key of ['layercache/layout.json', 'layercache/repos/ci/app/_tags/main', 'layercache/repos/ci/app/_manifests/sha256/ab'])
			t.false(policy.patterns.some(pattern => pattern.test(key)));
	});
}
