/** Answers of S3 that break off, come late to the truth, or ask for patience: what was done counts once, and what was not is done again. */

import type {AwsCredentialIdentity} from '@smithy/types';
import test from 'ava';
import {type ObjectStore, PreconditionFailed, StoreUnavailable} from '../../src/storage/objectStore.ts';
import {type FaultProxy, refusal, startFaultProxy} from '../e2e/harness/faultProxy.ts';
import {onFirst, to} from '../e2e/harness/faultProxyPlans.ts';
import {bodyOf, collect, someBytes} from '../support/bytes.ts';
import {formatXml} from '../support/s3Double/xml.ts';
import {type S3Double, startS3Double} from '../support/s3Double.ts';
import {openStoreOn, partBytes, startStoreOnDouble} from '../support/s3DoubleStore.ts';

const long = someBytes(4 * partBytes + 1234);

const contentOf = async (store: ObjectStore, key: string) => {
	const object = await store.read(key);
	if (!object) throw new Error(`there is no ${key}`);
	return collect(object.body);
};

const chunks = [
	{key: 'chunks/0', size: long.length},
	{key: 'chunks/1', size: 5000},
] as const;

/** One after the other: each asks S3 for something else. */
const everything = async (store: ObjectStore) => {
	await store.upload('chunks/0', bodyOf(long), {size: long.length});
	await store.upload('chunks/1', bodyOf(long.subarray(0, 5000)), {size: 5000});
	await store.write('docs/a', Buffer.from('a manifest'));
	await store.copy('chunks/0', 'blobs/whole');
	await store.compose(chunks, 'blobs/joined');
	const listed = await Array.fromAsync(store.list('chunks/'));
	const facts = await store.stat('blobs/joined');
	const bytes = await Promise.all(['blobs/whole', 'blobs/joined', 'docs/a'].map(key => contentOf(store, key)));
	await store.remove(['chunks/0', 'chunks/1']);
	await store.remove(['docs/a']);
	return {names: listed.map(entry => ('key' in entry ? entry.key : entry.prefix)), size: facts?.size, bytes};
};

const isRight = (double: S3Double, {names, size, bytes}: Awaited<ReturnType<typeof everything>>) =>
	names.join() === 'chunks/0,chunks/1' &&
	size === long.length + 5000 &&
	bytes[0]?.equals(long) &&
	bytes[1]?.equals(Buffer.concat([long, long.subarray(0, 5000)])) &&
	bytes[2]?.toString() === 'a manifest' &&
	[...double.bucket.objects.keys()].sort().join() === 'blobs/joined,blobs/whole';

const through = (t: Parameters<typeof openStoreOn>[0], double: S3Double, {url}: FaultProxy) =>
	openStoreOn(t, double, {endpoint: new URL(url)});

/** Where in the answer it breaks: within the head, at its end, within the body, before the last byte. */
const places = [0, 0.1, 0.5, 0.9, 0.999];

for (const kind of ['resetRequest', 'resetAnswer', 'truncate'] as const) {
	test(`every operation survives a connection that breaks anywhere, once each time: ${kind}`, async t => {
		for (const at of places) {
			const double = await startS3Double(t, {minPartBytes: partBytes});
			const proxy = await startFaultProxy(t, double.endpoint.href);
			proxy.faults = onFirst(
				() => true,
				() => ({kind, at}),
			);
			t.true(isRight(double, await everything(through(t, double, proxy))), `${kind} at ${at}`);
			const broken = proxy.seen.filter(({fault}) => fault);
			t.true(broken.length >= 14, String(broken.length));
			// Nobody heard of these; the sweeper finds them.
			const begunUnheard = kind === 'resetRequest' ? 0 : broken.filter(to('CreateMultipartUpload')).length;
			t.is(double.bucket.uploads.size, begunUnheard);
		}
	});
}

test('every operation survives a 200 with an error in it', async t => {
	const double = await startS3Double(t, {minPartBytes: partBytes});
	const proxy = await startFaultProxy(t, double.endpoint.href);
	proxy.faults = onFirst(
		to('CompleteMultipartUpload', 'CopyObject', 'UploadPartCopy', 'DeleteObjects', 'CreateMultipartUpload', 'ListObjectsV2'),
		() => ({...refusal(200, 'InternalError')}),
	);
	t.true(isRight(double, await everything(through(t, double, proxy))));
	t.is(double.bucket.uploads.size, 0);
	t.is(new Set(proxy.seen.flatMap(({operation, fault}) => (fault ? [operation] : []))).size, 6);
});

test('a 200 that says neither that it was done nor why not is no success', async t => {
	const double = await startS3Double(t, {minPartBytes: partBytes});
	const proxy = await startFaultProxy(t, double.endpoint.href);
	const store = through(t, double, proxy);
	await store.upload('chunks/0', bodyOf(long), {size: long.length});
	await store.upload('chunks/1', bodyOf(long), {size: long.length});
	const body = '<?xml version="1.0" encoding="UTF-8"?>\n<Result></Result>\n';
	for (const [operation, act] of [
		['CopyObject', () => store.copy('chunks/0', 'blobs/a')],
		['UploadPartCopy', () => store.compose([chunks[0], {key: 'chunks/1', size: long.length}], 'blobs/a')],
		['CompleteMultipartUpload', () => store.upload('blobs/a', bodyOf(long))],
	] as const) {
		proxy.faults = request => (request.operation === operation ? {kind: 'answer', status: 200, body} : undefined);
		await t.throwsAsync(act, {instanceOf: StoreUnavailable, message: new RegExp(`answered ${operation} with 200`)});
	}
	t.is(double.bucket.uploads.size, 0);
	t.is(await store.stat('blobs/a'), undefined);
});

test('of a removal in a batch, what S3 could not do now is asked for again, and only that', async t => {
	const double = await startS3Double(t);
	const proxy = await startFaultProxy(t, double.endpoint.href);
	const store = through(t, double, proxy);
	const keys = ['a&b', 'c', 'd'];
	for (const key of keys) double.bucket.put(key, Buffer.from(key), 'text/plain');
	const answerOf = (code: string, ...refused: string[]) => ({
		kind: 'answer' as const,
		status: 200,
		body: formatXml('DeleteResult', {Error: refused.map(Key => ({Key, Code: code, Message: 'We encountered an internal error.'}))}),
	});
	const answers = [answerOf('InternalError', 'a&b', 'd'), answerOf('SlowDown', 'd')];
	proxy.faults = ({operation}) => (operation === 'DeleteObjects' ? answers.shift() : undefined);
	await store.remove(keys);
	t.is(proxy.seen.length, 3);
	// The proxy did nothing but say so: what remains shows what was asked for in the end.
	t.deepEqual([...double.bucket.objects.keys()], ['a&b', 'c']);

	proxy.faults = ({operation}) => (operation === 'DeleteObjects' ? answerOf('AccessDenied', 'c') : undefined);
	await t.throwsAsync(store.remove(keys), {instanceOf: StoreUnavailable, message: /did not remove 1 of 3 objects: AccessDenied/});
	t.is(proxy.seen.length, 4);
});

for (const code of ['OperationAborted', 'ConditionalRequestConflict']) {
	test(`a 409 ${code} at the end of an upload, a copy or a write is asked again`, async t => {
		const double = await startS3Double(t, {minPartBytes: partBytes});
		const proxy = await startFaultProxy(t, double.endpoint.href);
		proxy.faults = onFirst(to('CompleteMultipartUpload', 'CopyObject', 'PutObject'), () => refusal(409, code), 3);
		t.true(isRight(double, await everything(through(t, double, proxy))));
		t.is(proxy.seen.filter(({fault}) => fault).length, 3 * 5);
	});
}

test('a 409 that does not end is an error without a condition, and someone else who was first with one', async t => {
	const {double, store} = await startStoreOnDouble(t, {}, {tuning: {patienceSeconds: 0.1}});
	double.faults = () => ({refuse: {status: 409, code: 'OperationAborted'}});
	await t.throwsAsync(store.write('docs/a', Buffer.from('1')), {
		instanceOf: StoreUnavailable,
		message: /409 OperationAborted.*busy with the same object/,
	});
	await t.throwsAsync(store.write('docs/a', Buffer.from('1'), {ifAbsent: true}), {instanceOf: PreconditionFailed});
});

test('an upload that was completed unheard, and refused since, counts only if the object is this very one', async t => {
	const {double, store} = await startStoreOnDouble(t);
	double.faults = ({operation, key}) => {
		if (operation !== 'CompleteMultipartUpload' || double.count('CompleteMultipartUpload') > 1) return undefined;
		// Somebody else's upload came to its end instead of ours.
		double.bucket.uploads.clear();
		double.bucket.put(key, someBytes(long.length, 7), 'application/octet-stream');
		return {loseAnswer: true};
	};
	await t.throwsAsync(store.upload('blobs/a', bodyOf(long)), {instanceOf: StoreUnavailable, message: /NoSuchUpload/});
});

test('a removal that may come late is repeated through a burst of refusals', async t => {
	const {double, store} = await startStoreOnDouble(t);
	await store.write('blobs/a', Buffer.from('bytes'));
	double.faults = ({operation}) =>
		operation === 'DeleteObject' && double.count('DeleteObject') < 9 ? {refuse: {status: 503, code: 'SlowDown'}} : undefined;
	await store.removeUntil('blobs/a', new Date((await store.now()).getTime() + 10_000));
	t.is(await store.stat('blobs/a'), undefined);
});

test('credentials that are renewed in the middle of an upload are taken up, long before the old ones end', async t => {
	const double = await startS3Double(t, {minPartBytes: partBytes});
	let provided: AwsCredentialIdentity = {...double.credentials, expiration: new Date(Date.now() + 240_000)};
	const next = {accessKeyId: 'AKIDOUBLE2', secretAccessKey: 'another', sessionToken: 'token'};
	const store = openStoreOn(t, double, {credentials: async () => provided, tuning: {partsAtOnce: 1}});
	const keys = new Set<string>();
	double.faults = ({operation, headers}) => {
		keys.add(/Credential=(\w+)\//.exec(headers.authorization ?? '')?.[1] ?? '');
		if (operation !== 'UploadPart') return undefined;
		if (double.count('UploadPart') === 2) provided = {...next, expiration: new Date(Date.now() + 3_600_000)};
		// From this request on nothing else is known: parts go one at a time.
		if (double.count('UploadPart') === 3) double.credentials = next;
		return undefined;
	};
	await store.upload('blobs/a', bodyOf(long), {size: long.length});
	t.true((await contentOf(store, 'blobs/a')).equals(long));
	t.deepEqual([...keys], ['AKIDOUBLE', 'AKIDOUBLE2']);
});

test('a session that S3 ends before its time is followed by the next one, in the middle of an upload', async t => {
	const double = await startS3Double(t, {minPartBytes: partBytes});
	const next = {accessKeyId: 'AKIDOUBLE2', secretAccessKey: 'another', sessionToken: 'token'};
	let asked = 0;
	const credentials = async () => {
		asked += 1;
		if (!double.hasExpired) return {...double.credentials};
		double.credentials = next;
		double.hasExpired = false;
		return next;
	};
	// The double knows only one session: what another one had signed meanwhile, it would call unknown.
	const store = openStoreOn(t, double, {credentials, tuning: {partsAtOnce: 1}});
	double.faults = ({operation}) => {
		if (operation === 'UploadPart' && double.count('UploadPart') === 2) double.hasExpired = true;
		return undefined;
	};
	await store.upload('blobs/a', bodyOf(long), {size: long.length});
	t.true((await contentOf(store, 'blobs/a')).equals(long));
	t.is(asked, 2);
	t.is(double.bucket.uploads.size, 0);
});

test('a session that has ended, and has no successor, is refused without a second attempt', async t => {
	const double = await startS3Double(t);
	const store = openStoreOn(t, double, {credentials: async () => ({...double.credentials})});
	double.hasExpired = true;
	await t.throwsAsync(store.write('docs/a', Buffer.from('1')), {
		instanceOf: StoreUnavailable,
		message: /ExpiredToken.*session has expired/,
	});
	t.is(double.count('PutObject'), 1);
});
