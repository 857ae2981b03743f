/** What can be wrong with an S3's settings: each said in words that tell what to do, and never with secrets in them. */
import {once} from 'node:events';
import {createServer} from 'node:http';
import type {AddressInfo} from 'node:net';
import {inspect} from 'node:util';
import test from 'ava';
import {StoreUnavailable} from '../../src/storage/objectStore.ts';
import type {S3Settings} from '../../src/storage/s3/settings.ts';
import {type S3Double, startS3Double} from '../support/s3Double.ts';
import {openStoreOn, startStoreOnDouble} from '../support/s3DoubleStore.ts';

type Wrong = {settings?: Partial<S3Settings>; double?: (double: S3Double) => void; says: RegExp};

const cases: Readonly<Record<string, Wrong>> = {
	'a wrong secret key': {
		settings: {credentials: {accessKeyId: 'AKIDOUBLE', secretAccessKey: 'not-the-secret'}},
		says: /403 SignatureDoesNotMatch.*secret key does not fit/,
	},
	'an unknown access key': {
		settings: {credentials: {accessKeyId: 'AKIOTHER', secretAccessKey: 'not-the-secret'}},
		says: /InvalidAccessKeyId.*does not know this access key/,
	},
	'a session token that is not valid': {
		settings: {credentials: {accessKeyId: 'AKIDOUBLE', secretAccessKey: 'the+secret/of=double', sessionToken: 'not-the-secret'}},
		says: /InvalidToken.*session token/,
	},
	'a session that has expired': {
		double: double => {
			double.hasExpired = true;
		},
		says: /ExpiredToken.*session has expired/,
	},
	'no credentials': {
		settings: {
			credentials: async () => {
				throw Object.assign(new Error('Could not load credentials from any providers'), {name: 'CredentialsProviderError'});
			},
		},
		says: /no credentials were found.*AWS_ACCESS_KEY_ID/,
	},
	'another region': {settings: {region: 'us-east-1'}, says: /the bucket lies in eu-test-1: set LAYERCACHE_S3_REGION=eu-test-1/},
	'no such bucket': {settings: {bucket: 'another'}, says: /NoSuchBucket.*LAYERCACHE_S3_BUCKET/},
	'missing rights': {
		double: double => {
			double.faults = () => ({refuse: {status: 403, code: 'AccessDenied'}});
		},
		says: /AccessDenied.*s3:PutObject/,
	},
	'a name that leads nowhere': {
		settings: {endpoint: new URL('http://layercache.invalid:1')},
		says: /layercache\.invalid.*(ENOTFOUND|EAI_AGAIN).*LAYERCACHE_S3_ENDPOINT/,
	},
	'TLS where there is none': {says: /no TLS there.*LAYERCACHE_S3_ENDPOINT/},
};

for (const [title, {settings = {}, double: change, says}] of Object.entries(cases)) {
	test(`${title} is said in plain words`, async t => {
		const double = await startS3Double(t);
		change?.(double);
		const endpoint = title.startsWith('TLS') ? new URL(double.endpoint.href.replace('http:', 'https:')) : undefined;
		const store = openStoreOn(t, double, {...(endpoint && {endpoint}), ...settings, tuning: {patienceSeconds: 0}});
		for (const attempt of [store.write('a', Buffer.from('a')), store.probe()]) {
			const error = await t.throwsAsync(attempt, {instanceOf: StoreUnavailable, message: says});
			t.truthy(error.cause);
			t.notRegex(inspect(error, {depth: 9, showHidden: true}), /the\+secret|not-the-secret|Signature=|Credential=/);
		}
	});
}

test('a HEAD, which S3 refuses without a word, says what to check all the same', async t => {
	const {double, store} = await startStoreOnDouble(t);
	for (const [status, says] of [
		[301, /HeadObject with 301: set LAYERCACHE_S3_REGION/],
		[400, /HeadObject with 400: check LAYERCACHE_S3_REGION/],
		[403, /HeadObject with 403: give the credentials the rights.*s3:ListBucket/],
	] as const) {
		double.faults = () => ({refuse: {status, code: 'NotSent'}});
		await t.throwsAsync(store.stat('a'), {instanceOf: StoreUnavailable, message: says});
	}
});

test('a port where nobody listens is said in plain words, and soon', async t => {
	const server = createServer().listen(0, '127.0.0.1');
	await once(server, 'listening');
	const {port} = server.address() as AddressInfo;
	server.close();
	await once(server, 'close');
	const double = await startS3Double(t);
	const store = openStoreOn(t, double, {endpoint: new URL(`http://127.0.0.1:${port}`), tuning: {patienceSeconds: 0}});
	await t.throwsAsync(store.stat('a'), {
		instanceOf: StoreUnavailable,
		message: /ECONNREFUSED.*nobody listens there.*LAYERCACHE_S3_ENDPOINT/,
	});
});

test('a clock that is wrong here is put right by what S3 says', async t => {
	const {double, store} = await startStoreOnDouble(t, {now: () => new Date(Date.now() + 3_600_000)});
	await store.write('a', Buffer.from('a'));
	await store.removeUntil('a', new Date((await store.now()).getTime() + 20_000));
	t.is(await store.stat('a'), undefined);
	t.deepEqual(
		double.requests.map(({operation}) => operation),
		['PutObject', 'PutObject', 'HeadBucket', 'DeleteObject', 'HeadObject'],
	);
});

test('the credentials of a session are enough', async t => {
	const {store} = await startStoreOnDouble(t, {sessionToken: 'a/session+token=='});
	await store.write('a', Buffer.from('a'));
	t.true((await store.probe()).presignedGet);
});

test('every request is reported, each attempt for itself', async t => {
	const seen: string[] = [];
	const {double, store} = await startStoreOnDouble(t, {}, {onRequest: ({operation, status}) => seen.push(`${operation} ${status}`)});
	let isFirst = true;
	double.faults = () => {
		const fault = isFirst ? {refuse: {status: 503, code: 'SlowDown'}} : undefined;
		isFirst = false;
		return fault;
	};
	await store.write('a', Buffer.from('a'));
	await store.stat('none');
	t.deepEqual(seen, ['PutObject 503', 'PutObject 200', 'HeadObject 404']);
});
