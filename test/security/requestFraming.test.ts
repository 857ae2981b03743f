/** Requests smuggled past a proxy: where one ends is never in doubt, or nothing of the connection is served. */
import test from 'ava';
import {digestOf} from 'oci-spec-types';
import {startApp} from '../support/app.ts';
import {sendRaw, statusesIn} from '../support/rawConnection.ts';

const smuggled = 'DELETE /v2/ci/smuggled/manifests/main HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n';
const post = 'POST /v2/ci/app/blobs/uploads/ HTTP/1.1\r\nHost: x\r\n';
const chunks = '0\r\n\r\n';

const doubtful: Readonly<Record<string, string>> = {
	'a length beside chunks (CL.TE)': `${post}Content-Length: 6\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nG`,
	'chunks beside a length (TE.CL)': `${post}Transfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n${smuggled.length.toString(16)}\r\n`,
	'two lengths': `${post}Content-Length: 0\r\nContent-Length: 5\r\n\r\nhello`,
	'the same length twice': `${post}Content-Length: 5\r\nContent-Length: 5\r\n\r\nhello`,
	'a list of lengths': `${post}Content-Length: 5, 5\r\n\r\nhello`,
	'a length with a sign': `${post}Content-Length: +5\r\n\r\nhello`,
	'a length in hex': `${post}Content-Length: 0x5\r\n\r\nhello`,
	'a length below zero': `${post}Content-Length: -1\r\n\r\n`,
	'a length beyond all numbers': `${post}Content-Length: 99999999999999999999999\r\n\r\n`,
	'a length whose name ends with a blank': `${post}Content-Length : 5\r\n\r\nhello`,
	'a folded length': `${post}Content-Length:\r\n 5\r\n\r\nhello`,
	'a folded header': `${post}X-Any: a\r\n b\r\n\r\n`,
	'lines that end with a bare line feed': 'GET /v2/ HTTP/1.1\nHost: x\n\n',
	'a bare line feed in a header': 'GET /v2/ HTTP/1.1\r\nHost: x\nX-Any: y\r\n\r\n',
	'a bare carriage return in a header': 'GET /v2/ HTTP/1.1\r\nHost: x\rX-Any: y\r\n\r\n',
	'a NUL in a header': 'GET /v2/ HTTP/1.1\r\nHost: x\r\nX-Any: a\0b\r\n\r\n',
	'a header before any name': 'GET /v2/ HTTP/1.1\r\n Host: x\r\n\r\n',
	'an unknown transfer coding': `${post}Transfer-Encoding: xchunked\r\n\r\n${chunks}`,
	'a coding around the chunks': `${post}Transfer-Encoding: gzip, chunked\r\n\r\n${chunks}`,
	'an identity beside the chunks': `${post}Transfer-Encoding: identity, chunked\r\n\r\n${chunks}`,
	'chunks twice': `${post}Transfer-Encoding: chunked, chunked\r\n\r\n${chunks}`,
	'two codings': `${post}Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n${chunks}`,
	'a coding behind a vertical tab': `${post}Transfer-Encoding:\x0bchunked\r\n\r\n${chunks}`,
	'chunks in HTTP/1.0': `POST /v2/ci/app/blobs/uploads/ HTTP/1.0\r\nHost: x\r\nConnection: keep-alive\r\nTransfer-Encoding: chunked\r\n\r\n${chunks}`,
	'a line feed in a chunk extension': `${post}Transfer-Encoding: chunked\r\n\r\n0;a=b\n\r\n`,
	'chunks that end with a bare line feed': `${post}Transfer-Encoding: chunked\r\n\r\n5\nhello\n0\n\n`,
	'a chunk beyond all numbers': `${post}Transfer-Encoding: chunked\r\n\r\nffffffffffffffffff\r\nhello\r\n${chunks}`,
	'a length among the trailers': `${post}Transfer-Encoding: chunked\r\n\r\n0\r\nContent-Length: 5\r\n\r\n`,
	'two hosts': 'GET /v2/ HTTP/1.1\r\nHost: x\r\nhost: y\r\n\r\n',
	'no host': 'GET /v2/ HTTP/1.1\r\n\r\n',
	'HTTP/0.9': 'GET /v2/\r\n\r\n',
	'HTTP/2 without TLS': 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n',
};

for (const [what, head] of Object.entries(doubtful)) {
	test(`a request with ${what} is 400, and what follows it on the connection is not served`, async t => {
		const {client, url, log} = await startApp(t);
		const answers = await sendRaw(url, head + smuggled);
		t.deepEqual(statusesIn(answers).slice(-1), [400]);
		t.true(statusesIn(answers).length <= 2, answers);
		t.is((await client.get('/v2/')).status, 200);
		t.deepEqual(
			log.filter(line => line.repo === 'ci/smuggled'),
			[],
		);
	});
}

test('what is no request is not answered in the middle of an answer that comes before it', async t => {
	const {client, url} = await startApp(t);
	const bytes = Buffer.alloc(16 * 1024 * 1024, 'x');
	await client.pushBlob('ci/app', bytes);
	const get = (path: string) => `GET ${path} HTTP/1.1\r\nHost: x\r\n\r\n`;
	const answers = await sendRaw(url, get(`/v2/ci/app/blobs/${digestOf(bytes)}`), {afterFirstBytes: `${get('/v2/')}\0\0\r\n\r\n`});
	t.deepEqual(statusesIn(answers), [200]);
	t.regex(answers.slice(answers.indexOf('\r\n\r\n')), /^\r\n\r\nx+$/);
});

test('requests whose ends are clear follow one another on a connection', async t => {
	const {url, log} = await startApp(t);
	const plain = `${post}Content-Length: 5\r\n\r\nhello`;
	const chunked = `${post}Transfer-Encoding: Chunked\r\n\r\n5\r\nhello\r\n${chunks}`;
	t.deepEqual(statusesIn(await sendRaw(url, plain + chunked + smuggled)), [202, 202, 404]);
	t.true(log.some(line => line.repo === 'ci/smuggled'));
});

test('a connection on which more than 16 requests wait for their answers is cut, and no more of them are served', async t => {
	const {client, url, log} = await startApp(t);
	const ping = 'GET /v2/ HTTP/1.1\r\nHost: x\r\n\r\n';
	t.is((await sendRaw(url, ping.repeat(15) + smuggled)).split('HTTP/1.1 ').length, 17);
	const before = log.length;
	await sendRaw(url, ping.repeat(100) + smuggled).catch(() => undefined);
	t.is((await client.get('/v2/')).status, 200);
	t.true(log.length <= before + 17, `${log.length - before}`);
});

test('the body of a GET is its body, and no request', async t => {
	const {url, log} = await startApp(t);
	const answers = await sendRaw(
		url,
		`GET /v2/ HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: ${smuggled.length}\r\n\r\n${smuggled}`,
	);
	t.deepEqual(statusesIn(answers), [200]);
	t.deepEqual(
		log.filter(line => line.repo === 'ci/smuggled'),
		[],
	);
});

for (const protocol of ['h2c', 'websocket']) {
	test(`no connection becomes one of ${protocol}`, async t => {
		const {url} = await startApp(t);
		const upgrade = `GET /v2/ HTTP/1.1\r\nHost: x\r\nConnection: Upgrade, close\r\nUpgrade: ${protocol}\r\n\r\n`;
		t.deepEqual(statusesIn(await sendRaw(url, upgrade)), [200]);
	});
}

test('CONNECT opens nothing, and TRACE repeats nothing', async t => {
	const {url} = await startApp(t);
	t.false((await sendRaw(url, 'CONNECT 127.0.0.1:22 HTTP/1.1\r\nHost: x\r\n\r\n')).includes(' 200 '));
	const answer = await sendRaw(url, 'TRACE /v2/ HTTP/1.1\r\nHost: x\r\nConnection: close\r\nX-Secret: hunter2\r\n\r\n');
	t.deepEqual(statusesIn(answer), [405]);
	t.false(answer.includes('hunter2'));
});
