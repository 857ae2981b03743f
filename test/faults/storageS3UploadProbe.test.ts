/** The look at an S3 before anyone gets a URL for an upload: each carelessness is found and named, and nothing that was tried stays. */
import test from 'ava';
import type {Leniency} from '../support/s3Double.ts';
import {openStoreOn, startStoreOnDouble} from '../support/s3DoubleStore.ts';

test('an S3 as AWS is gets uploads by URL, and nothing of the look stays', async t => {
	const {double, store} = await startStoreOnDouble(t, {}, {prefix: 'a prefix'});
	const {redirect, reason} = await store.probeUploads();
	t.true(redirect, reason);
	t.regex(reason, /^127\.0\.0\.1:\d+ took the bytes that were signed and refused all others$/);
	t.is(double.bucket.objects.size, 0);
});

const careless: readonly (readonly [title: string, lenient: Leniency, says: RegExp])[] = [
	['compares the hash with itself', {takes: 'other'}, / takes other bytes than were signed and other bytes over a blob that is there$/],
	['takes short bodies', {takes: 'short'}, / takes fewer bytes than were signed$/],
	['takes long bodies', {takes: 'long'}, / takes more bytes than were signed$/],
	['takes empty bodies', {takes: 'empty'}, / takes an empty body where bytes were signed$/],
	['believes a hash in a header', {takes: 'ownHash'}, / takes a hash of the client's own/],
	['believes UNSIGNED-PAYLOAD in a header', {takes: 'noHash'}, / takes UNSIGNED-PAYLOAD in the place of the signed hash$/],
	['obeys an unsigned x-amz-copy-source', {takes: 'copy'}, / takes an x-amz-copy-source that was not signed$/],
	['takes unsigned trailers', {takes: 'trailer'}, / takes any bytes in chunks with an unsigned trailer \(CVE-2026-41145\)$/],
	['asks for no signature', {takes: 'keyId'}, / from whoever knows the key id .*\(CVE-2026-41145\)$/],
	['unpacks archives without a signature', {takes: 'archive'}, / takes archives to unpack .*\(CVE-2026-40344\)$/],
	['keeps unsigned metadata', {takes: 'metadata'}, / takes metadata that was not signed$/],
	['keeps unsigned tags', {takes: 'tags'}, / takes tags that were not signed$/],
	['keeps an unsigned storage class', {takes: 'storageClass'}, / takes a storage class that was not signed$/],
	['encrypts with a key that was not signed', {takes: 'customerKey'}, / takes a client's own encryption key that was not signed$/],
	['obeys an unsigned ACL', {takes: 'acl'}, / takes an ACL that was not signed$/],
	['stores what it refuses', {keepsWrongBodies: true}, / refuses other bytes than were signed, and stores it all the same$/],
];

for (const [title, lenient, says] of careless) {
	test(`an S3 that ${title} gets no uploads by URL`, async t => {
		const {double, store} = await startStoreOnDouble(t, {lenient});
		const {redirect, reason, isUnclear} = await store.probeUploads();
		t.false(redirect);
		t.regex(reason, says);
		t.not(isUnclear, true);
		t.is(double.bucket.objects.size, 0);
	});
}

test('an S3 that refuses uploads by URL altogether gets none', async t => {
	const {double, store} = await startStoreOnDouble(t);
	double.faults = ({query}) => (query.has('X-Amz-Content-Sha256') ? {refuse: {status: 403, code: 'AccessDenied'}} : undefined);
	t.deepEqual(await store.probeUploads(), {redirect: false, reason: `${double.endpoint.host} refuses uploads by URL with 403`});
});

test('what is refused for want of permission in the middle of a look proves nothing', async t => {
	const {double, store} = await startStoreOnDouble(t);
	let puts = 0;
	double.faults = ({query}) => {
		if (!query.has('X-Amz-Content-Sha256')) return undefined;
		puts += 1;
		return puts > 1 ? {refuse: {status: 403, code: 'AccessDenied'}} : undefined;
	};
	const {redirect, reason, isUnclear} = await store.probeUploads();
	t.false(redirect);
	t.regex(reason, / took an upload by URL, and then refused it with 403$/);
	t.true(isUnclear);
});

test('a bad minute of S3 is neither yes nor no, unless it passes at once', async t => {
	const {double, store} = await startStoreOnDouble(t);
	let refusals = 0;
	const busy = {refuse: {status: 503, code: 'SlowDown'}};
	double.faults = ({headers}) => ('x-amz-tagging' in headers && refusals++ < 1 ? busy : undefined);
	t.true((await store.probeUploads()).redirect);
	t.is(refusals, 2);
	double.faults = ({headers}) => ('x-amz-tagging' in headers ? busy : undefined);
	const {redirect, reason} = await store.probeUploads();
	t.false(redirect);
	t.regex(reason, /answered 503, neither yes nor no, when it was offered tags that were not signed$/);
});

for (const [status, attempts] of [
	[429, 3],
	[425, 3],
	[408, 3],
	[404, 1],
	[307, 1],
] as const) {
	test(`${status} is no refusal of what was not signed, and is asked about again soon`, async t => {
		const {double, store} = await startStoreOnDouble(t);
		let refusals = 0;
		double.faults = ({headers}) => ('x-amz-tagging' in headers && ++refusals ? {refuse: {status, code: 'Throttled'}} : undefined);
		const {reason, ...verdict} = await store.probeUploads();
		t.deepEqual(verdict, {redirect: false, isUnclear: true});
		t.regex(reason, new RegExp(`answered ${status}, neither yes nor no`));
		t.is(refusals, attempts);
	});
}

test('an S3 that takes connections at its public name and says nothing is waited for once, and not for long', async t => {
	const {double, store} = await startStoreOnDouble(t, {}, {tuning: {probeSeconds: 0.05, idleSeconds: 3600}});
	let asked = 0;
	const never = new Promise(() => undefined);
	double.faults = ({query}) => (query.has('X-Amz-Signature') && ++asked ? {hold: never} : undefined);
	const {host} = double.endpoint;
	t.deepEqual(await store.probeUploads(), {
		redirect: false,
		reason: `${host} cannot be reached from here (UND_ERR_HEADERS_TIMEOUT)`,
		isUnclear: true,
	});
	t.is(asked, 1);
});

test('an S3 that cannot be reached under its public name gets no uploads by URL', async t => {
	const {double, store} = await startStoreOnDouble(t, {}, {publicEndpoint: new URL('http://127.0.0.1:1')});
	t.like(await store.probeUploads(), {
		redirect: false,
		reason: '127.0.0.1:1 (LAYERCACHE_S3_PUBLIC_ENDPOINT) cannot be reached from here (ECONNREFUSED)',
	});
	t.is(double.bucket.objects.size, 0);
});

test('an S3 that is away under its own name gets none either, and the sentence says what to check', async t => {
	const {double} = await startStoreOnDouble(t);
	const publicEndpoint = double.endpoint;
	const store = openStoreOn(t, double, {endpoint: new URL('http://127.0.0.1:1'), publicEndpoint, tuning: {patienceSeconds: 0}});
	const {redirect, reason} = await store.probeUploads();
	t.false(redirect);
	t.regex(reason, /ECONNREFUSED.*LAYERCACHE_S3_ENDPOINT/);
});

test('credentials that end too soon, or that nobody gives, sign no uploads', async t => {
	const expiring = {accessKeyId: 'AKIDOUBLE', secretAccessKey: 'the+secret/of=double', expiration: new Date(Date.now() + 30_000)};
	const {double, store} = await startStoreOnDouble(t, {}, {credentials: async () => expiring});
	const host = double.endpoint.host;
	const reason = `${host} gets no uploads by URL: the credentials expire too soon`;
	t.deepEqual(await store.probeUploads(), {redirect: false, reason, isUnclear: true});
	const helpless = openStoreOn(t, double, {uploadCredentials: () => Promise.reject(new Error('a secret of the helper'))});
	const verdict = await helpless.probeUploads();
	t.regex(verdict.reason, /the profile LAYERCACHE_S3_UPLOAD_PROFILE gives no credentials, or they expire too soon$/);
});

test('credentials that would end before the URLs that clients are to get sign none', async t => {
	const session = {accessKeyId: 'AKIDOUBLE', secretAccessKey: 'the+secret/of=double', expiration: new Date(Date.now() + 600_000)};
	const {double, store} = await startStoreOnDouble(t, {}, {credentials: async () => session, urlLifeSeconds: 1200});
	const reason = `${double.endpoint.host} gets no uploads by URL: the credentials expire too soon for URLs of 1200 s (LAYERCACHE_REDIRECT_LIFE_SECONDS)`;
	t.deepEqual(await store.probeUploads(), {redirect: false, reason, isUnclear: true});
	t.true((await openStoreOn(t, double, {credentials: async () => session, urlLifeSeconds: 300}).probeUploads()).redirect);
});
