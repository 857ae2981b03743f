/** Clients that take their time: who is cut, who is not, and who need not wait for them. */
import {once} from 'node:events';
import {connect, type Socket} from 'node:net';
import test, {type ExecutionContext} from 'ava';
import {digestOf} from 'oci-spec-types';
import {createMemoryStore} from '../../src/storage/memory.ts';
import type {ObjectStore} from '../../src/storage/objectStore.ts';
import {startApp} from '../support/app.ts';
import {withDigest} from '../support/client.ts';
import {until} from '../support/until.ts';

const layer = Buffer.alloc(200_000, 'x');
const digest = digestOf(layer);

const open = (t: ExecutionContext, url: string, from?: string): Socket => {
	const {hostname: host, port} = new URL(url);
	const socket = connect({host, port: Number(port), ...(from && {localAddress: from})});
	socket.on('error', () => undefined);
	t.teardown(() => socket.destroy());
	return socket;
};

/** All that comes until the connection ends. */
const wholeAnswer = async (socket: Socket): Promise<string> => {
	let answer = '';
	socket.setEncoding('utf8').on('data', text => {
		answer += text;
	});
	await once(socket, 'close');
	return answer;
};

const putHead = (path: string, size: number) => `PUT ${path} HTTP/1.1\r\nHost: x\r\nContent-Length: ${size}\r\n\r\n`;

/** A store that tells which uploads have begun. */
const watching = () => {
	const memory = createMemoryStore();
	const begun: string[] = [];
	const store: ObjectStore = {
		...memory,
		upload(key, ...rest) {
			if (key.includes('_blobs')) begun.push(key);
			return memory.upload(key, ...rest);
		},
	};
	return {store, begun};
};

test('headers that have begun and do not end are answered with 408 and cut; a silent connection is not', async t => {
	const {url, client} = await startApp(t, {environment: {LAYERCACHE_HTTP_HEADER_SECONDS: '1'}});
	const silent = open(t, url);
	const used = open(t, url);
	used.write('GET /livez HTTP/1.1\r\nHost: x\r\n\r\n');
	await once(used, 'data');
	const slow = open(t, url);
	slow.write('GET /v2/ HTTP/1.1\r\nHost: x\r\n');
	t.regex(await wholeAnswer(slow), /^HTTP\/1\.1 408 /);
	for (const socket of [silent, used]) {
		socket.write('GET /livez HTTP/1.1\r\nHost: x\r\n\r\n');
		const [answer] = await once(socket, 'data');
		t.regex(String(answer), /^HTTP\/1\.1 200 /);
	}
	t.regex((await client.get('/metrics')).text, /layercache_connections_ended_total\{why="headers"\} 1/);
});

test('an upload is begun when its first bytes have come, and not for a few of them', async t => {
	const {store, begun} = watching();
	const {url, client} = await startApp(t, {store});
	const path = withDigest(await client.startUpload('ci/app'), digest);
	const socket = open(t, url);
	socket.write(putHead(path, layer.length));
	socket.write(layer.subarray(0, 1000));
	await client.pushBlob('ci/app', 'another');
	t.is(begun.length, 1);
	socket.write(layer.subarray(1000));
	const [answer] = await once(socket, 'data');
	t.regex(String(answer), /^HTTP\/1\.1 201 /);
	t.is(begun.length, 2);
});

test('where there are as many connections as may be, the one that was idle for longest makes way for a new one', async t => {
	const {url, client} = await startApp(t, {environment: {LAYERCACHE_HTTP_CONNECTIONS: '16'}});
	const use = async () => {
		const socket = open(t, url);
		socket.write('GET /livez HTTP/1.1\r\nHost: x\r\n\r\n');
		await once(socket, 'data');
		return socket;
	};
	const silent = open(t, url);
	await once(silent, 'connect');
	const first = await use();
	const others = [];
	for (let count = 0; count < 14; count += 1) others.push(await use());
	const gone = once(first, 'close');
	const late = await use();
	await gone;
	t.true([silent, late, ...others].every(socket => !socket.destroyed));
	silent.write('GET /livez HTTP/1.1\r\nHost: x\r\n\r\n');
	t.regex(String((await once(silent, 'data'))[0]), /^HTTP\/1\.1 200 /);
	// This one needs a place, too.
	t.regex((await client.get('/metrics')).text, /layercache_connections_ended_total\{why="idle"\} 2/);
});

test('one who asks for very much lets another have his turn next', async t => {
	const memory = createMemoryStore();
	const asked: string[] = [];
	const held: (() => void)[] = [];
	const store: ObjectStore = {
		...memory,
		async stat(key) {
			if (key.includes('_blobs')) {
				asked.push(key.includes('/greedy/') ? 'greedy' : 'modest');
				await new Promise<void>(resolve => held.push(resolve));
			}
			return memory.stat(key);
		},
	};
	const {url} = await startApp(t, {store, environment: {LAYERCACHE_HTTP_REQUESTS: '4', LAYERCACHE_REGISTRY_INDEX_SECONDS: '0'}});
	const ask = (repo: string, index: number, from: string) => {
		const socket = open(t, url, from);
		socket.write(`HEAD /v2/${repo}/app/blobs/${digestOf(Buffer.from(String(index)))} HTTP/1.1\r\nHost: x\r\n\r\n`);
		return once(socket, 'data');
	};
	for (let index = 0; index < 20; index += 1) void ask('greedy', index, '127.0.0.2');
	await until(() => held.length === 4);
	const modest = ask('modest', 0, '127.0.0.3');
	// Its request has come when that of one who came later has been answered.
	const later = open(t, url);
	later.write('GET /livez HTTP/1.1\r\nHost: x\r\n\r\n');
	await once(later, 'data');
	held[0]?.();
	await until(() => asked.length === 5);
	t.is(asked[4], 'modest');
	held[4]?.();
	t.regex(String((await modest)[0]), /^HTTP\/1\.1 404 /);
	for (let index = 0; index < asked.length || asked.length < 21; index += 1) {
		await until(() => held.length > index);
		held[index]?.();
	}
});
