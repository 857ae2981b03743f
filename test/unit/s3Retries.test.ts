/** The patience with S3. */
import type {ResponseMetadata, SdkError} from '@smithy/types';
import test from 'ava';
import {createRetries} from '../../src/storage/s3/retries.ts';
import {defaultTuning} from '../../src/storage/s3/settings.ts';

const answered = (name: string, httpStatusCode: number, metadata: Partial<ResponseMetadata & {clockSkewCorrected: true}> = {}): SdkError =>
	Object.assign(new Error(), {name, cause: undefined, $metadata: {httpStatusCode, ...metadata}});
const slowDown = {errorType: 'THROTTLING', error: answered('SlowDown', 503)} as const;
const internal = {errorType: 'TRANSIENT', error: answered('InternalError', 500)} as const;
const refused = {errorType: 'TRANSIENT', error: Object.assign(new Error('refused'), {cause: undefined, code: 'ECONNREFUSED'})} as const;

const patience = () => {
	const clock = {seconds: 0};
	const retries = createRetries({...defaultTuning, patienceSeconds: 12}, {now: () => clock.seconds * 1000, random: () => 1});
	return {clock, retries};
};

test('waits double, up to two seconds, and are longer where S3 asks to slow down', async t => {
	const {retries} = patience();
	let token = await retries.acquireInitialRetryToken('');
	const waits: number[] = [];
	for (let turn = 0; turn < 8; turn += 1) {
		token = await retries.refreshRetryTokenForRetry(token, internal);
		waits.push(token.getRetryDelay());
	}
	t.deepEqual(waits, [50, 100, 200, 400, 800, 1600, 2000, 2000]);
	const slow = await retries.refreshRetryTokenForRetry(await retries.acquireInitialRetryToken(''), slowDown);
	t.is(slow.getRetryDelay(), 200);
});

test('a request is repeated for as long as we have patience, and at least once', async t => {
	const {clock, retries} = patience();
	let token = await retries.acquireInitialRetryToken('');
	clock.seconds = 60;
	token = await retries.refreshRetryTokenForRetry(token, internal);
	await t.throwsAsync(retries.refreshRetryTokenForRetry(token, internal));
	clock.seconds = 11;
	await t.notThrowsAsync(retries.refreshRetryTokenForRetry(token, internal));
});

test('an address where nobody listens is given up sooner', async t => {
	const {clock, retries} = patience();
	const token = await retries.refreshRetryTokenForRetry(await retries.acquireInitialRetryToken(''), refused);
	clock.seconds = 4;
	await t.throwsAsync(retries.refreshRetryTokenForRetry(token, refused));
});

test('what will not pass is not repeated', async t => {
	const {retries} = patience();
	const token = await retries.acquireInitialRetryToken('');
	await t.throwsAsync(retries.refreshRetryTokenForRetry(token, {errorType: 'CLIENT_ERROR', error: answered('AccessDenied', 403)}));
	await t.throwsAsync(retries.refreshRetryTokenForRetry(token, {errorType: 'SERVER_ERROR', error: answered('NotImplemented', 501)}));
	const cut = Object.assign(new Error('other side closed'), {cause: undefined, code: 'UND_ERR_SOCKET'});
	await t.notThrowsAsync(retries.refreshRetryTokenForRetry(token, {errorType: 'CLIENT_ERROR', error: cut}));
});

test('a clock that was put right is worth one more try, and no more than that', async t => {
	const {retries} = patience();
	const skewed = {errorType: 'TRANSIENT', error: answered('RequestTimeTooSkewed', 403, {clockSkewCorrected: true})} as const;
	const token = await retries.refreshRetryTokenForRetry(await retries.acquireInitialRetryToken(''), skewed);
	await t.throwsAsync(retries.refreshRetryTokenForRetry(token, skewed));
	// The SDK says so of every refusal while the clocks differ.
	const absent = {errorType: 'TRANSIENT', error: answered('NotFound', 404, {clockSkewCorrected: true})} as const;
	await t.throwsAsync(retries.refreshRetryTokenForRetry(await retries.acquireInitialRetryToken(''), absent));
});
