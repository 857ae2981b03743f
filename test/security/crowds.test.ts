/** Many who say nothing, or begin and do not go on: whoever means to speak is heard, and whoever moves need not wait for those who do not. */
import {once} from 'node:events';
import {createServer} from 'node:http';
import {connect, type Socket} from 'node:net';
import test from 'ava';
import {digestOf} from 'oci-spec-types';
import {readSmallBody} from '../../src/http/smallBody.ts';
import {startApp} from '../support/app.ts';
import {someBytes} from '../support/bytes.ts';
import {withDigest} from '../support/client.ts';
import {listenOnLoopback} from '../support/loopback.ts';
import {until} from '../support/until.ts';

const most = 12;

for (const [what, beginning] of [
	['say nothing', ''],
	['begin a request and do not end it', 'GET /v2/ HTTP/1.1\r\nHost: x\r\nX-Slow: '],
	['were used once and stay', 'GET /livez HTTP/1.1\r\nHost: x\r\n\r\n'],
] as const) {
	test(`connections that ${what} are no more than there is room for, and keep nobody out`, async t => {
		const {url, client} = await startApp(t, {
			environment: {LAYERCACHE_HTTP_CONNECTIONS: '100', LAYERCACHE_HTTP_CONNECTIONS_PER_ADDRESS: String(most)},
		});
		const {hostname, port} = new URL(url);
		const sockets: Socket[] = [];
		let closed = 0;
		for (let at = 0; at < 3 * most; at += 1) {
			const socket = connect(Number(port), hostname);
			t.teardown(() => socket.destroy());
			socket
				.on('error', () => undefined)
				.on('close', () => {
					closed += 1;
				})
				.resume();
			await once(socket, 'connect');
			socket.write(beginning);
			sockets.push(socket);
		}
		await until(() => closed >= 2 * most);
		for (let at = 0; at < 5; at += 1) t.is((await client.get('/v2/')).status, 200);
		t.true(closed < 3 * most, 'those that fit were cut as well');
	});
}

test('a form to log in with that does not end is not waited for, however its bytes come', async t => {
	const outcome = Promise.withResolvers<unknown>();
	const server = createServer(request => readSmallBody(request, 1000, 50).then(outcome.resolve, outcome.reject));
	const {hostname, port} = new URL(await listenOnLoopback(t, server));
	const socket = connect(Number(port), hostname);
	t.teardown(() => socket.destroy());
	socket.on('error', () => undefined).write('POST /token HTTP/1.1\r\nHost: x\r\nContent-Length: 900\r\n\r\n');
	const trickle = setInterval(() => socket.write('a'), 5);
	t.teardown(() => clearInterval(trickle));
	await Promise.all([new Promise(resolve => socket.once('close', resolve)), t.throwsAsync(outcome.promise)]);
});

// All the places there are.
const places = 4;
const layer = someBytes(24 * 1024 * 1024);

test('readers who have stopped reading give their places to one who reads', async t => {
	const {url, client} = await startApp(t, {environment: {LAYERCACHE_HTTP_DOWNLOADS: String(places)}});
	t.is((await client.pushBlob('ci/app', layer)).status, 201);
	const path = `/v2/ci/app/blobs/${digestOf(layer)}`;
	const {hostname, port} = new URL(url);
	for (let at = 0; at < places; at += 1) {
		const socket = connect(Number(port), hostname);
		t.teardown(() => socket.destroy());
		socket.on('error', () => undefined).write(`GET ${path} HTTP/1.1\r\nHost: x\r\n\r\n`);
		await once(socket, 'readable');
	}
	t.is(digestOf((await client.get(path)).body), digestOf(layer));
	t.regex((await client.get('/metrics')).text, /^layercache_gave_way_total\{what="downloads"\} [1-9]/m);
});

test('uploads that have stopped coming give their places to one that comes', async t => {
	const {url, client} = await startApp(t, {environment: {LAYERCACHE_HTTP_UPLOADS: String(places)}});
	const {hostname, port} = new URL(url);
	for (let at = 0; at <= places; at += 1) {
		const target = withDigest(await client.startUpload('ci/app'), digestOf(layer));
		const socket = connect(Number(port), hostname);
		t.teardown(() => socket.destroy());
		socket.on('error', () => undefined).write(`PUT ${target} HTTP/1.1\r\nHost: x\r\nContent-Length: ${layer.length}\r\n\r\n`);
		socket.write(layer.subarray(0, 64 * 1024));
	}
	// One more than there is room for: the others have all of it.
	await until(async () => /^layercache_waiting\{for="uploads"\} 1$/m.test((await client.get('/metrics')).text));
	t.is((await client.pushBlob('ci/app', layer.subarray(1))).status, 201);
	t.regex((await client.get('/metrics')).text, /^layercache_gave_way_total\{what="uploads"\} [1-9]/m);
});
