import {connect} from 'node:net';
import test from 'ava';
import {digestOf, mediaTypes} from 'oci-spec-types';
import {startApp} from '../support/app.ts';
import {type Answer, type Client, describe, imageOf, withDigest} from '../support/client.ts';
import {keysOf} from '../support/stores.ts';

const digest = digestOf(Buffer.from('right'));
const sha512 = digestOf(Buffer.from('right'), 'sha512');
const unknownUpload = '/v2/ci/app/blobs/uploads/01a204b4-5857-41ee-8fa6-83d752d56966';
const start = async (client: Client) => client.startUpload('ci/app');
const putManifest =
	(reference: string, body: string, mediaType: string = mediaTypes.ociManifest) =>
	(client: Client) =>
		client.putManifest('ci/app', reference, body, mediaType);

type Case = [title: string, status: number, code: string, send: (client: Client) => Promise<Answer>];
const cases: Case[] = [
	['a blob whose digest is another', 400, 'DIGEST_INVALID', client => client.pushBlob('ci/app', 'wrong', digest)],
	['a blob whose sha512 is another', 400, 'DIGEST_INVALID', client => client.pushBlob('ci/app', 'wrong', sha512)],
	['a digest of an unsupported algorithm', 400, 'DIGEST_INVALID', client => client.pushBlob('ci/app', 'x', `md5:${'a'.repeat(32)}`)],
	['a digest in capitals', 400, 'DIGEST_INVALID', client => client.pushBlob('ci/app', 'x', digest.toUpperCase())],
	['a digest that is too short', 400, 'DIGEST_INVALID', client => client.get(`/v2/ci/app/blobs/${digest.slice(0, -1)}`)],
	['a closing PUT without digest', 400, 'DIGEST_INVALID', async client => client.request('PUT', await start(client), {body: 'right'})],
	[
		'a start with an unsupported algorithm',
		400,
		'DIGEST_INVALID',
		client => client.request('POST', '/v2/ci/app/blobs/uploads/?digest-algorithm=md5'),
	],
	[
		'a chunk that is longer than its range',
		400,
		'SIZE_INVALID',
		async client => client.request('PATCH', await start(client), {body: 'right', headers: {'Content-Range': '0-2'}}),
	],
	[
		'a chunk whose Content-Range is no range',
		400,
		'BLOB_UPLOAD_INVALID',
		async client => client.request('PATCH', await start(client), {body: 'right', headers: {'Content-Range': 'all of it'}}),
	],
	[
		'a first chunk that does not start at 0',
		416,
		'BLOB_UPLOAD_INVALID',
		async client => client.request('PATCH', await start(client), {body: 'right', headers: {'Content-Range': '5-9'}}),
	],
	[
		'a PATCH to an upload that was never started',
		404,
		'BLOB_UPLOAD_UNKNOWN',
		client => client.request('PATCH', unknownUpload, {body: 'right'}),
	],
	[
		'a PUT to an upload that was never started',
		404,
		'BLOB_UPLOAD_UNKNOWN',
		client => client.request('PUT', withDigest(unknownUpload, digest), {body: 'right'}),
	],
	['the status of an upload whose id is none', 404, 'BLOB_UPLOAD_UNKNOWN', client => client.get('/v2/ci/app/blobs/uploads/nonsense')],
	['a name in capitals', 400, 'NAME_INVALID', client => client.request('POST', '/v2/CI/app/blobs/uploads/')],
	['a name that climbs', 400, 'NAME_INVALID', client => client.raw('GET', '/v2/ci/../../etc/tags/list')],
	['a name that climbs in disguise', 400, 'NAME_INVALID', client => client.raw('POST', '/v2/ci/%2e%2e/%2e%2e/etc/blobs/uploads/')],
	['a name with an encoded slash and dots', 400, 'NAME_INVALID', client => client.get(`/v2/ci%2f..%2fother/blobs/${digest}`)],
	['a name that is a marker of ours', 400, 'NAME_INVALID', client => client.get(`/v2/ci/_blobs/blobs/${digest}`)],
	['a name of 256 bytes', 400, 'NAME_INVALID', client => client.request('POST', `/v2/${'a/'.repeat(127)}aa/blobs/uploads/`)],
	['a name with a component of 129 bytes', 400, 'NAME_INVALID', client => client.request('POST', `/v2/${'a'.repeat(129)}/blobs/uploads/`)],
	['a name with a NUL', 400, 'NAME_INVALID', client => client.request('POST', '/v2/ci/a%00b/blobs/uploads/')],
	['a percent sign that encodes nothing', 400, 'NAME_INVALID', client => client.request('POST', '/v2/ci/%zz/blobs/uploads/')],
	['a tag of 129 characters', 400, 'TAG_INVALID', putManifest('t'.repeat(129), '{}')],
	['a tag that climbs', 400, 'TAG_INVALID', putManifest('..%2f..%2fx', '{}')],
	['a tag parameter that is none', 400, 'TAG_INVALID', putManifest(`${digestOf(Buffer.from('{}'))}?tag=-x`, '{}')],
	['a manifest that is no JSON', 400, 'MANIFEST_INVALID', putManifest('main', '{"schemaVersion": 2,')],
	['a manifest that is no object', 400, 'MANIFEST_INVALID', putManifest('main', '[]')],
	['a manifest without its config', 400, 'MANIFEST_INVALID', putManifest('main', '{"schemaVersion":2,"layers":[]}')],
	[
		'a manifest that is an index too',
		400,
		'MANIFEST_INVALID',
		putManifest('main', JSON.stringify({...imageOf(describe('x'), []), manifests: []})),
	],
	[
		'a manifest whose type is another',
		400,
		'MANIFEST_INVALID',
		putManifest('main', JSON.stringify(imageOf(describe('x'), [])), mediaTypes.ociIndex),
	],
	[
		'a manifest with a size below zero',
		400,
		'MANIFEST_INVALID',
		putManifest('main', JSON.stringify(imageOf({...describe('x'), size: -1}, []))),
	],
	['a manifest pushed under another digest', 400, 'DIGEST_INVALID', putManifest(digest, JSON.stringify(imageOf(describe('x'), [])))],
	['a manifest whose blobs are missing', 400, 'MANIFEST_BLOB_UNKNOWN', putManifest('main', JSON.stringify(imageOf(describe('x'), [])))],
	[
		'a manifest above 4 MiB',
		413,
		'MANIFEST_INVALID',
		putManifest('main', JSON.stringify(imageOf(describe('x'), [], {annotations: {pad: 'x'.repeat(4 << 20)}}))),
	],
	['a page size that is no number', 400, 'PAGINATION_NUMBER_INVALID', client => client.get('/v2/ci/app/tags/list?n=many')],
	['referrers of what is no digest', 400, 'DIGEST_INVALID', client => client.get('/v2/ci/app/referrers/main')],
	['a method that an endpoint has not', 405, 'UNSUPPORTED', client => client.request('PATCH', `/v2/ci/app/blobs/${digest}`)],
	['a path that means nothing', 404, 'UNSUPPORTED', client => client.get('/v2/ci/app/nothing')],
];

for (const [title, status, code, send] of cases) {
	test(`${title} is ${status} ${code}; nothing is stored and nothing logged as a failure of ours`, async t => {
		const {client, store, log} = await startApp(t);
		const before = await keysOf(store);
		t.like(await send(client), {status, error: code});
		t.deepEqual(await keysOf(store), before);
		t.deepEqual(
			log.filter(line => line.msg === 'request failed'),
			[],
		);
	});
}

test('a body shorter than its Content-Length leaves nothing behind', async t => {
	const {client, url, store, log} = await startApp(t);
	const path = withDigest(await start(client), digest);
	const {hostname, port} = new URL(url);
	await new Promise<void>((resolve, reject) => {
		const socket = connect(Number(port), hostname, () => socket.end(`PUT ${path} HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nright`));
		socket
			.on('error', reject)
			.on('close', () => resolve())
			.resume();
	});
	t.is((await client.head(`/v2/ci/app/blobs/${digest}`)).status, 404);
	t.deepEqual(await keysOf(store), ['layout.json']);
	t.deepEqual(
		log.filter(line => line.msg === 'request failed'),
		[],
	);
});

test('a URL of 1 MB is refused, and the server goes on', async t => {
	const {client, url, log} = await startApp(t);
	const {hostname, port} = new URL(url);
	const first = await new Promise<string>((resolve, reject) => {
		const socket = connect(Number(port), hostname, () =>
			socket.write(`GET /v2/${'a'.repeat(1 << 20)}/tags/list HTTP/1.1\r\nHost: x\r\n\r\n`),
		);
		socket.once('data', data => resolve(data.toString())).on('error', reject);
		t.teardown(() => socket.destroy());
	});
	t.regex(first, /^HTTP\/1\.1 431 /);
	t.like(JSON.parse(first.split('\r\n\r\n')[1] ?? ''), {errors: [{code: 'UNSUPPORTED'}]});
	t.is((await client.get('/v2/')).status, 200);
	t.deepEqual(
		log.filter(line => line.msg === 'request failed'),
		[],
	);
});

test('a URL of 8 KB is 414', async t => {
	const {client} = await startApp(t);
	t.is((await client.get(`/v2/${'a'.repeat(8000)}/tags/list`)).status, 414);
});

test('garbage that is no HTTP does not disturb the server', async t => {
	const {client, url} = await startApp(t);
	const {hostname, port} = new URL(url);
	await new Promise<void>(resolve => {
		const socket = connect(Number(port), hostname, () => socket.end('\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03garbage\r\n\r\n'));
		socket
			.on('error', () => resolve())
			.on('close', () => resolve())
			.resume();
	});
	t.is((await client.get('/v2/')).status, 200);
});
