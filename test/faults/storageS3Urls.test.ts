/** Signed URLs, on an S3 as strict about them as AWS. */
import test from 'ava';
import type {ObjectStore} from '../../src/storage/objectStore.ts';
import {startStoreOnDouble} from '../support/s3DoubleStore.ts';

const download = (store: ObjectStore, key: string, expiresInSeconds = 600) => store.presign(key, {method: 'GET', expiresInSeconds});

test('a download URL gives the bytes without our credentials, and not as what they were stored', async t => {
	const {store} = await startStoreOnDouble(t);
	await store.write('blobs/a b+%ä', Buffer.from('bytes'), {contentType: 'text/html'});
	const answer = await fetch((await download(store, 'blobs/a b+%ä')) as URL);
	t.is(await answer.text(), 'bytes');
	t.is(answer.headers.get('content-type'), 'application/octet-stream');
	t.is(answer.headers.get('content-encoding'), 'identity');
});

test('a download URL is refused where the client also sends a token of ours', async t => {
	const {store} = await startStoreOnDouble(t);
	await store.write('blobs/a', Buffer.from('bytes'));
	const answer = await fetch((await download(store, 'blobs/a')) as URL, {headers: {authorization: 'Bearer of the registry'}});
	t.is(answer.status, 400);
	t.regex(await answer.text(), /Only one auth mechanism allowed/);
});

test('a download URL ends, and is for nothing but that download', async t => {
	let lead = 0;
	const {store} = await startStoreOnDouble(t, {now: () => new Date(Date.now() + lead)});
	await store.write('blobs/a', Buffer.from('bytes'));
	await store.write('blobs/b', Buffer.from('bytes'));
	const url = (await download(store, 'blobs/a', 60)) as URL;
	t.is((await fetch(url, {method: 'DELETE'})).status, 403);
	t.is((await fetch(url.href.replace('blobs/a', 'blobs/b'))).status, 403);
	t.is((await fetch(url.href.replace('identity', 'gzip'))).status, 403);
	t.is((await fetch(url)).status, 200);
	lead = 61_000;
	t.is((await fetch(url)).status, 403);
});

test('a download URL is given again for half its life, then made new', async t => {
	let lead = 0;
	const {double, store} = await startStoreOnDouble(t, {now: () => new Date(Date.now() + lead)});
	const first = await download(store, 'blobs/a');
	t.is((await download(store, 'blobs/a'))?.href, first?.href);
	t.not((await download(store, 'blobs/b'))?.href, first?.href);
	t.is(double.requests.length, 0);
	lead = 301_000;
	await store.now();
	t.not((await download(store, 'blobs/a'))?.href, first?.href);
});

test('a download URL names the public endpoint', async t => {
	const {store} = await startStoreOnDouble(t, {}, {publicEndpoint: new URL('https://s3.example.com:8443'), prefix: 'cache'});
	t.regex((await download(store, 'blobs/a'))?.href ?? '', /^https:\/\/s3\.example\.com:8443\/bucket\/cache\/blobs\/a\?.*X-Amz-Signature=/);
});

test('a bucket at AWS has its own host name', async t => {
	const {store} = await startStoreOnDouble(t, {}, {endpoint: undefined});
	t.regex((await download(store, 'blobs/a'))?.href ?? '', /^https:\/\/bucket\.s3\.eu-test-1\.amazonaws\.com\/blobs\/a\?/);
});

test('a URL that would outlive our own credentials is not given out', async t => {
	const credentials = async () => ({
		accessKeyId: 'AKIDOUBLE',
		secretAccessKey: 'the+secret/of=double',
		expiration: new Date(Date.now() + 200_000),
	});
	const {store} = await startStoreOnDouble(t, {}, {credentials});
	t.is(await download(store, 'blobs/a', 600), undefined);
	t.true((await download(store, 'blobs/a', 120)) instanceof URL);
});

test('an upload URL is not given out', async t => {
	const {store} = await startStoreOnDouble(t);
	const sha256 = 'sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855' as never;
	t.is(await store.presign('blobs/a', {method: 'PUT', sha256, size: 0, expiresInSeconds: 60}), undefined);
});

test('a removal that was stuck on the way does nothing', async t => {
	let lead = 0;
	const {double, store} = await startStoreOnDouble(t, {now: () => new Date(Date.now() + lead)});
	await store.write('blobs/a', Buffer.from('bytes'));
	const stuck = Promise.withResolvers<void>();
	const arrived = Promise.withResolvers<void>();
	double.faults = ({operation}) => {
		if (operation !== 'DeleteObject') return undefined;
		arrived.resolve();
		return {hold: stuck.promise};
	};
	const removal = store.removeUntil('blobs/a', new Date((await store.now()).getTime() + 10_000));
	await arrived.promise;
	lead = 11_000;
	stuck.resolve();
	await removal;
	t.is((await store.stat('blobs/a'))?.size, 5);
});

test('a removal that S3 refuses for a passing reason is repeated', async t => {
	const {double, store} = await startStoreOnDouble(t);
	await store.write('blobs/a', Buffer.from('bytes'));
	double.faults = ({operation}) =>
		operation === 'DeleteObject' && double.count('DeleteObject') < 3 ? {refuse: {status: 503, code: 'SlowDown'}} : undefined;
	await store.removeUntil('blobs/a', new Date((await store.now()).getTime() + 10_000));
	t.is(await store.stat('blobs/a'), undefined);
	await store.write('blobs/a', Buffer.from('bytes'));
	double.faults = ({operation}) => (operation === 'DeleteObject' && double.count('DeleteObject') < 5 ? {resetAfterBytes: 0} : undefined);
	await store.removeUntil('blobs/a', new Date((await store.now()).getTime() + 10_000));
	t.is(await store.stat('blobs/a'), undefined);
	double.faults = () => ({refuse: {status: 403, code: 'AccessDenied'}});
	await t.throwsAsync(store.removeUntil('blobs/a', new Date(Date.now() + 10_000)), {message: /AccessDenied.*s3:DeleteObject/});
});
