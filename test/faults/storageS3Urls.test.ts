/** Signed URLs, on an S3 as strict about them as AWS. */
import type {AwsCredentialIdentity} from '@smithy/types';
import test from 'ava';
import {digestOf} from 'oci-spec-types';
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

test('a download URL that was signed by credentials since replaced is not given again', async t => {
	const first = {accessKeyId: 'AKIFIRST', secretAccessKey: 'secret', sessionToken: 'one'};
	let present: AwsCredentialIdentity = first;
	const {double, store} = await startStoreOnDouble(t, {}, {credentials: () => Promise.resolve(present)});
	double.otherCredentials.push(first);
	await store.write('blobs/a', Buffer.from('bytes'));
	const before = await download(store, 'blobs/a');
	// S3 ends the session before its time, and the server's next request learns it.
	present = double.credentials;
	double.faults = ({accessKeyId}) => (accessKeyId === 'AKIFIRST' ? {refuse: {status: 400, code: 'ExpiredToken'}} : undefined);
	t.is((await fetch(before as URL)).status, 400);
	await store.now();
	t.is((await fetch((await download(store, 'blobs/a')) as URL)).status, 200);
});

test('a download URL of the same key with another session is another one', async t => {
	let sessionToken = 'one';
	const downloadCredentials = async () => ({accessKeyId: 'AKIDOWN', secretAccessKey: 'secret', sessionToken});
	const {store} = await startStoreOnDouble(t, {}, {downloadCredentials});
	await download(store, 'blobs/a');
	sessionToken = 'two';
	t.is((await download(store, 'blobs/a'))?.searchParams.get('X-Amz-Security-Token'), 'two');
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

const upload = (store: ObjectStore, key: string, bytes: Buffer, expiresInSeconds = 600) =>
	store.presign(key, {method: 'PUT', sha256: digestOf(bytes), size: bytes.length, expiresInSeconds});
const put = (url: URL | undefined, body: Buffer, headers?: Record<string, string>) => fetch(url as URL, {method: 'PUT', body, headers});
const layer = Buffer.from('these bytes and no others');

test('an upload URL takes the bytes it was signed for, without our credentials and whatever their type', async t => {
	const {double, store} = await startStoreOnDouble(t);
	t.is((await put(await upload(store, 'blobs/a b+%ä', layer), layer, {'content-type': 'application/octet-stream'})).status, 200);
	t.is((await put(await upload(store, 'blobs/b', layer), layer)).status, 200);
	t.deepEqual(double.bucket.get('blobs/a b+%ä').bytes, layer);
});

test('an upload URL takes no other bytes, under no other key, and nothing that was not signed', async t => {
	const {double, store} = await startStoreOnDouble(t);
	const url = (await upload(store, 'blobs/a', layer)) as URL;
	const other = Buffer.from(layer.toString().toUpperCase());
	const status = async (answer: Promise<Response>) => (await answer).status;
	t.is(await status(put(url, other)), 400);
	t.is(await status(put(url, layer.subarray(1))), 403);
	t.is(await status(put(new URL(url.href.replace('blobs/a', 'blobs/b')), layer)), 403);
	t.is(await status(put(new URL(url.href.replace(/X-Amz-Content-Sha256=[0-9a-f]+/, 'X-Amz-Content-Sha256=UNSIGNED-PAYLOAD')), other)), 403);
	t.is(await status(put(url, layer, {'x-amz-tagging': 'a=b'})), 403);
	t.is(await status(fetch(url, {method: 'DELETE'})), 403);
	t.is(double.bucket.objects.size, 0);
	t.is(await status(put(url, layer)), 200);
});

test('an upload URL says its hash by the name that AWS knows, and signs nothing that a client may leave out', async t => {
	const {store} = await startStoreOnDouble(t, {}, {publicEndpoint: new URL('https://s3.example.com:8443'), prefix: 'cache'});
	const {href, searchParams} = (await upload(store, 'blobs/a', layer)) as URL;
	t.regex(href, /^https:\/\/s3\.example\.com:8443\/bucket\/cache\/blobs\/a\?/);
	t.is(searchParams.get('X-Amz-Content-Sha256'), digestOf(layer).slice(7));
	t.is(searchParams.get('X-Amz-SignedHeaders'), 'content-length;host');
});

test('an upload URL has the whole of the life that is asked for, or there is none', async t => {
	let lead = 0;
	const expiration = new Date(Date.now() + 600_000);
	const session = {accessKeyId: 'AKIDOUBLE', secretAccessKey: 'the+secret/of=double', sessionToken: 'a/token+', expiration};
	const options = {now: () => new Date(Date.now() + lead), sessionToken: session.sessionToken};
	const {store} = await startStoreOnDouble(t, options, {credentials: async () => session});
	t.is(await upload(store, 'blobs/a', layer, 700), undefined);
	const url = await upload(store, 'blobs/a', layer, 500);
	t.is(url?.searchParams.get('X-Amz-Expires'), '500');
	t.is((await put(url, layer)).status, 200);
	lead = 501_000;
	t.is((await put(url, layer)).status, 403);
	await store.now();
	t.is(await upload(store, 'blobs/a', layer, 500), undefined);
});

test('credentials of their own sign the URLs for downloads and for uploads, and nothing else', async t => {
	const downloader = {accessKeyId: 'AKIDOWN', secretAccessKey: 'secret of downloads'};
	const uploader = {accessKeyId: 'AKIUP', secretAccessKey: 'secret of uploads'};
	const settings = {downloadCredentials: async () => downloader, uploadCredentials: async () => uploader};
	const {double, store} = await startStoreOnDouble(t, {}, settings);
	double.otherCredentials.push(downloader, uploader);
	t.is((await put(await upload(store, 'blobs/a', layer), layer)).status, 200);
	t.is((await fetch((await download(store, 'blobs/a')) as URL)).status, 200);
	await store.stat('blobs/a');
	await store.removeUntil('blobs/a', new Date(Date.now() + 10_000));
	t.deepEqual(
		double.requests.map(({operation, accessKeyId}) => `${operation} ${accessKeyId}`),
		['PutObject AKIUP', 'GetObject AKIDOWN', 'HeadObject AKIDOUBLE', 'DeleteObject AKIDOUBLE'],
	);
});

test('without credentials for them there are no URLs, and the server works on', async t => {
	const none = () => Promise.reject(new Error('the profile has no keys'));
	const {store} = await startStoreOnDouble(t, {}, {downloadCredentials: none, uploadCredentials: none});
	await store.write('blobs/a', layer);
	t.is(await download(store, 'blobs/a'), undefined);
	t.is(await upload(store, 'blobs/a', layer), undefined);
	const {presignedGet, warnings} = await store.probe();
	t.false(presignedGet);
	t.regex(warnings.join(), /LAYERCACHE_S3_DOWNLOAD_PROFILE gives no credentials/);
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
