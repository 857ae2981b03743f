/** The look at a new S3: what it lacks is found, named, and ends the start; what works against us is a warning. */
import test from 'ava';
import {StoreUnfit} from '../../src/storage/objectStore.ts';
import {lifecycleWarnings} from '../../src/storage/s3/bucketWarnings.ts';
import {someBytes} from '../support/bytes.ts';
import type {Leniency} from '../support/s3Double.ts';
import {partBytes, startStoreOnDouble} from '../support/s3DoubleStore.ts';
import {until} from '../support/until.ts';

test('an S3 as AWS is passes without a warning, in few round trips, and nothing stays', async t => {
	const {double, store} = await startStoreOnDouble(t);
	t.deepEqual(await store.probe(), {presignedGet: true, warnings: []});
	t.is(double.bucket.objects.size, 0);
});

const unfit: readonly (readonly [title: string, lenient: Leniency, says: RegExp])[] = [
	['ignores conditions', {ignoresConditions: true}, /"write only if absent" \(If-None-Match: \*\): 8 of 8 writers/],
	['keeps what arrived of a cut PUT', {keepsCutBodies: true}, /keeps what arrived of a PUT that broke off/],
	['obeys removals that have expired', {forgetsExpiry: true}, /obeys a removal that has expired/],
];

for (const [title, lenient, says] of unfit) {
	test(`an S3 that ${title} is unfit`, async t => {
		const {double, store} = await startStoreOnDouble(t, {lenient});
		await t.throwsAsync(store.probe(), {instanceOf: StoreUnfit, message: says});
		t.is(double.bucket.objects.size, 0);
	});
}

const onTrailers: readonly (readonly [title: string, lenient: Leniency, isAfter: boolean])[] = [
	['checks sums that come after the bytes gets them so', {}, true],
	['does not know such sums is told them before', {trailers: 'unknown'}, false],
	['takes such sums for more bytes is told them before', {trailers: 'kept'}, false],
	['does not look at such sums is told them before', {trailers: 'unchecked'}, false],
];

for (const [title, lenient, isAfter] of onTrailers) {
	test(`an S3 that ${title}`, async t => {
		const {double, store} = await startStoreOnDouble(t, {lenient});
		t.deepEqual(await store.probe(), {presignedGet: true, warnings: []});
		t.is(double.bucket.uploads.size, 0);
		t.is(double.bucket.objects.size, 0);
		const bytes = someBytes(3 * partBytes);
		double.requests.length = 0;
		// What is there when its request begins is told before in any case.
		const body = async function* () {
			yield bytes.subarray(0, 10_000);
			await until(() => double.count(isAfter ? 'UploadPart' : 'CreateMultipartUpload') > 0);
			await store.now();
			yield bytes.subarray(10_000);
		};
		await store.upload('blobs/a', body(), {size: bytes.length});
		t.true(double.bucket.get('blobs/a').bytes.equals(bytes));
		const parts = double.requests.filter(({operation}) => operation === 'UploadPart');
		t.is(parts.length, 3);
		t.is(
			parts.some(({headers}) => headers['x-amz-trailer'] === 'x-amz-checksum-crc32'),
			isAfter,
		);
		t.true(parts.every(({headers}) => 'x-amz-trailer' in headers !== 'x-amz-checksum-crc32' in headers));
	});
}

test('an S3 that says nothing about sums after the bytes is told them before', async t => {
	const {double, store} = await startStoreOnDouble(t, {}, {tuning: {probeSeconds: 0.05}});
	const held = Promise.withResolvers<void>();
	double.faults = ({operation}) => (operation === 'UploadPart' ? {hold: held.promise} : undefined);
	await store.probe();
	double.faults = () => undefined;
	held.resolve();
	const body = async function* () {
		yield someBytes(partBytes - 1);
		await until(() => double.requests.some(({operation, key}) => operation === 'CreateMultipartUpload' && key === 'blobs/a'));
		await store.now();
		yield someBytes(2);
	};
	await store.upload('blobs/a', body(), {size: partBytes + 1});
	t.false(double.requests.some(({key, headers}) => key === 'blobs/a' && 'x-amz-trailer' in headers));
});

test('without downloads by URL at the public endpoint, layers are streamed', async t => {
	const {double, store} = await startStoreOnDouble(t, {}, {publicEndpoint: new URL('http://127.0.0.1:1')});
	const abilities = await store.probe();
	t.false(abilities.presignedGet);
	t.regex(abilities.warnings.join(), /127\.0\.0\.1:1 \(LAYERCACHE_S3_PUBLIC_ENDPOINT\).*cannot be reached from here/);
	t.is(double.bucket.objects.size, 0);
});

test('downloads by URL that are refused are a warning', async t => {
	const {double, store} = await startStoreOnDouble(t);
	double.faults = ({query}) => (query.has('response-content-type') ? {refuse: {status: 403, code: 'AccessDenied'}} : undefined);
	const abilities = await store.probe();
	t.false(abilities.presignedGet);
	t.regex(abilities.warnings.join(), /presigned downloads do not work.*answers 403/);
});

test('settings of the bucket that work against us are warnings', async t => {
	const {double, store} = await startStoreOnDouble(t);
	double.settings = {
		versioning: '<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>',
		lifecycle:
			'<LifecycleConfiguration><Rule><ID>tidy</ID><Filter><Prefix></Prefix></Filter><Status>Enabled</Status><Expiration><Days>30</Days></Expiration></Rule></LifecycleConfiguration>',
		lock: '<ObjectLockConfiguration><ObjectLockEnabled>Enabled</ObjectLockEnabled><Rule><DefaultRetention><Mode>COMPLIANCE</Mode><Days>1</Days></DefaultRetention></Rule></ObjectLockConfiguration>',
		encryption:
			'<ServerSideEncryptionConfiguration><Rule><ApplyServerSideEncryptionByDefault><SSEAlgorithm>aws:kms</SSEAlgorithm></ApplyServerSideEncryptionByDefault></Rule></ServerSideEncryptionConfiguration>',
	};
	const {warnings} = await store.probe();
	t.is(warnings.length, 4);
	for (const word of ['old versions', '"tidy" expires', 'Object Lock', 'KMS']) t.true(warnings.join().includes(word), word);
});

test('without the right to look at settings there are no warnings', async t => {
	const {double, store} = await startStoreOnDouble(t);
	double.faults = ({operation}) =>
		operation.startsWith('GetBucket') || operation.startsWith('GetObjectLock') ? {refuse: {status: 403, code: 'AccessDenied'}} : undefined;
	t.deepEqual((await store.probe()).warnings, []);
});

test('lifecycle rules matter where they touch our prefix', t => {
	const rule = {ID: 'r', Status: 'Enabled', Expiration: {Days: 1}} as const;
	const count = (rules: Parameters<typeof lifecycleWarnings>[0]) => lifecycleWarnings(rules, 'cache/').length;
	t.is(count([{...rule, Filter: {Prefix: ''}}]), 1);
	t.is(count([{...rule, Prefix: 'ca'}]), 1);
	t.is(count([{...rule, Filter: {And: {Prefix: 'cache/repos/'}}}]), 1);
	t.is(count([{...rule, Filter: {Prefix: 'logs/'}}]), 0);
	t.is(count([{...rule, Filter: {Prefix: 'cache/repos/ci/app/_s3/blobs/'}}]), 0);
	t.is(count([{...rule, Filter: {Prefix: 'cache/audit/'}}]), 0);
	t.is(count([{...rule, Filter: {Tag: {Key: 'a', Value: 'b'}}}]), 0);
	t.is(count([{...rule, Status: 'Disabled'}]), 0);
	t.is(count([{ID: 'r', Status: 'Enabled', Transitions: [{Days: 1, StorageClass: 'DEEP_ARCHIVE'}]}]), 1);
	t.is(count([{ID: 'r', Status: 'Enabled', Transitions: [{Days: 1, StorageClass: 'INTELLIGENT_TIERING'}]}]), 0);
	t.is(count([{ID: 'r', Status: 'Enabled', AbortIncompleteMultipartUpload: {DaysAfterInitiation: 1}}]), 1);
	t.is(count([{ID: 'r', Status: 'Enabled', AbortIncompleteMultipartUpload: {DaysAfterInitiation: 7}}]), 0);
});

test('an S3 that says nothing to whoever comes with a URL is not waited for at length', async t => {
	const {double, store} = await startStoreOnDouble(t, {}, {tuning: {probeSeconds: 0.05, idleSeconds: 3600}});
	const never = new Promise(() => undefined);
	double.faults = ({operation, query}) => (operation === 'GetObject' && query.has('X-Amz-Signature') ? {hold: never} : undefined);
	const {presignedGet, warnings} = await store.probe();
	t.false(presignedGet);
	t.regex(warnings.join(), /cannot be reached from here \(Headers Timeout Error\)/);
});
