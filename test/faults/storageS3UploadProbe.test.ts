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
	['stores what it refuses', {keepsWrongBodies: true}, / refuses other bytes than were signed, and stores it all the same$/],
];

for (const [title, lenient, says] of careless) {
	test(`an S3 that ${title} gets no uploads by URL`, async t => {
		const {double, store} = await startStoreOnDouble(t, {lenient});
		const {redirect, reason} = await store.probeUploads();
		t.false(redirect);
		t.regex(reason, says);
		t.is(double.bucket.objects.size, 0);
	});
}

test('an S3 that refuses uploads by URL altogether gets none', async t => {
	const {double, store} = await startStoreOnDouble(t);
	double.faults = ({query}) => (query.has('X-Amz-Content-Sha256') ? {refuse: {status: 403, code: 'AccessDenied'}} : undefined);
	t.like(await store.probeUploads(), {redirect: false, reason: `${double.endpoint.host} refuses uploads by URL with 403`});
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
	t.like(await store.probeUploads(), {redirect: false, reason: `${host} gets no uploads by URL: the credentials expire too soon`});
	const helpless = openStoreOn(t, double, {uploadCredentials: () => Promise.reject(new Error('a secret of the helper'))});
	const {reason} = await helpless.probeUploads();
	t.regex(reason, /the profile LAYERCACHE_S3_UPLOAD_PROFILE gives no credentials, or they expire too soon$/);
});
