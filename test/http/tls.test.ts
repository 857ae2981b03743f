import {X509Certificate} from 'node:crypto';
import {once} from 'node:events';
import {copyFile, rename, writeFile} from 'node:fs/promises';
import {Agent} from 'node:https';
import {connect} from 'node:net';
import {join} from 'node:path';
import {text} from 'node:stream/consumers';
import {connect as connectSecurely} from 'node:tls';
import test, {type ExecutionContext} from 'ava';
import {createRedirectServer} from '../../src/http/plainHttp.ts';
import {startApp} from '../support/app.ts';
import {makeCertificate, type TestCertificate} from '../support/certificates.ts';
import {secureRequest} from '../support/secureRequest.ts';
import {exitOf, main, run, waitForLine, waitForLines} from '../support/serverProcess.ts';
import {temporaryFolder} from '../support/temporaryFolder.ts';

const fingerprint = ({pem}: TestCertificate) => new X509Certificate(pem).fingerprint256;

/** Two certificates, and the pair of files that has the first of them. */
const certificates = async (t: ExecutionContext) => {
	const folder = await temporaryFolder(t);
	const [first, second] = [await makeCertificate(folder), await makeCertificate(folder)];
	const [cert, key] = [join(folder, 'tls.crt'), join(folder, 'tls.key')];
	await copyFile(first.cert, cert);
	await copyFile(first.key, key);
	/** Of each file, at no moment half of it; first the one, then the other. */
	const replace = async (from: {cert?: string; key?: string}) => {
		for (const [to, source] of [[key, from.key] as const, [cert, from.cert] as const]) {
			if (!source) continue;
			await copyFile(source, `${to}.new`);
			await rename(`${to}.new`, to);
		}
	};
	const environment = {LAYERCACHE_TLS_CERT: cert, LAYERCACHE_TLS_KEY: key};
	return {folder, first, second, cert, key, replace, environment, ca: first.pem + second.pem};
};

const startSecure = async (t: ExecutionContext, more: Record<string, string> = {}) => {
	const files = await certificates(t);
	const app = await startApp(t, {environment: {...files.environment, ...more}});
	return {...files, ...app};
};

/** What a client that knows nothing of TLS gets. */
const inPlainHttp = async (port: number, head: string) => {
	const socket = connect(port, '127.0.0.1');
	await once(socket, 'connect');
	socket.end(`${head}\r\n\r\n`);
	return text(socket);
};

test('with a certificate the registry is served by https, and says so wherever it says where it is', async t => {
	const {url, ca} = await startSecure(t);
	t.regex(url, /^https:/);
	t.is((await secureRequest(`${url}/v2/`, {ca})).status, 200);
	const page = await secureRequest(url, {ca});
	t.true(page.text.includes(`is at ${url}`));
	t.false(page.text.includes('http = true'));
});

test('where clients log in, they are sent to https for their tokens', async t => {
	const {url, ca} = await startSecure(t, {LAYERCACHE_AUTH: 'required'});
	const {headers} = await secureRequest(`${url}/v2/`, {ca});
	t.is(headers['www-authenticate'], `Bearer realm="${url}/token",service="${new URL(url).host}"`);
});

test('a new pair is shown to new connections, and those that are open go on', async t => {
	const {app, url, ca, first, second, replace} = await startSecure(t);
	const agent = new Agent({keepAlive: true, maxSockets: 1});
	t.teardown(() => agent.destroy());
	t.is((await secureRequest(url, {ca, agent})).shown, fingerprint(first));

	await replace(second);
	await app.reload();
	t.is((await secureRequest(url, {ca})).shown, fingerprint(second));
	const kept = await secureRequest(url, {ca, agent});
	t.like(kept, {status: 200, shown: fingerprint(first)});
});

test('a pair that is none keeps the one before, is logged and counted, and mended it is taken', async t => {
	const {app, url, ca, first, second, replace, log} = await startSecure(t);
	const metric = async (name: string) => (await secureRequest(`${url}/metrics`, {ca})).text.match(new RegExp(`^${name} (\\S+)$`, 'm'))?.[1];
	await replace({key: second.key});
	await app.reload();
	const answer = await secureRequest(url, {ca});
	t.like(answer, {status: 200, shown: fingerprint(first)});
	t.like(
		log.find(({msg}) => msg === 'the files of the certificate cannot be used; the one before is still shown'),
		{level: 'error', problem: 'LAYERCACHE_TLS_KEY is not the key of the certificate in LAYERCACHE_TLS_CERT'},
	);
	t.is(await metric('layercache_tls_certificate_stale'), '1');

	await replace(second);
	await app.reload();
	t.is((await secureRequest(url, {ca})).shown, fingerprint(second));
	t.is(await metric('layercache_tls_certificate_stale'), '0');
	t.is(
		Number(await metric('layercache_tls_certificate_expiry_timestamp_seconds')) * 1000,
		Date.parse(new X509Certificate(second.pem).validTo),
	);
});

test('plain HTTP at the port of TLS is told so in plain HTTP', async t => {
	const {app} = await startSecure(t);
	for (const request of ['GET /v2/ HTTP/1.1\r\nHost: a', 'POST /v2/a/blobs/uploads/ HTTP/1.1\r\nHost: a\r\nContent-Length: 0']) {
		const answer = await inPlainHttp(app.server.address.port, request);
		t.regex(answer, /^HTTP\/1\.1 400 /);
		t.regex(answer, /"code":"UNSUPPORTED","message":"this port speaks TLS, and was asked in plain HTTP: use https:\/\/"/);
	}
});

test('noise that begins as a handshake does is cut, and the server goes on', async t => {
	const {app, url, ca} = await startSecure(t);
	const socket = connect(app.server.address.port, '127.0.0.1');
	await once(socket, 'connect');
	socket.write('\x16 this is no handshake at all');
	await once(socket, 'close');
	t.is((await secureRequest(url, {ca})).status, 200);
});

test('a client that speaks only an older version than is wanted gets none', async t => {
	const {url, ca} = await startSecure(t);
	t.is((await secureRequest(url, {ca, maxVersion: 'TLSv1.2'})).status, 200);
	const strict = await startSecure(t, {LAYERCACHE_TLS_MIN_VERSION: '1.3'});
	t.is((await secureRequest(strict.url, {ca: strict.ca})).status, 200);
	await t.throwsAsync(secureRequest(strict.url, {ca: strict.ca, maxVersion: 'TLSv1.2'}));
	await strict.app.reload();
	await t.throwsAsync(secureRequest(strict.url, {ca: strict.ca, maxVersion: 'TLSv1.2'}));
});

test('a second port leads readers to https, and takes nothing', async t => {
	const {url, log} = await startSecure(t, {LAYERCACHE_TLS_REDIRECT_PORT: '0'});
	const port = Number(log.find(({msg}) => msg === 'plain HTTP is led to https')?.port);
	const answer = await fetch(`http://127.0.0.1:${port}/v2/a/tags/list?n=1`, {redirect: 'manual'});
	t.is(answer.status, 308);
	t.is(answer.headers.get('location'), `${url}/v2/a/tags/list?n=1`);
	const refused = await fetch(`http://127.0.0.1:${port}/token`, {method: 'POST', body: 'password=secret'});
	t.is(refused.status, 400);
	t.true((await refused.text()).includes(`nothing is taken in plain HTTP here: use ${url}`));
	t.regex(await inPlainHttp(port, 'GET / HTTP/1.0'), /^HTTP\/1\.1 400 /);
	t.regex(
		await inPlainHttp(port, 'GET //evil.example HTTP/1.1\r\nHost: cache.example'),
		/^Location: https:\/\/cache\.example:\d+\/\/evil\.example\r$/m,
	);
});

test('the second port takes a thousand connections at once, and leaves the rest of the files of the process to the first', t => {
	t.is(createRedirectServer({tlsPort: () => 443}).maxConnections, 1000);
});

test('where the public URL is known, the second port leads there', async t => {
	const publicUrl = 'https://cache.example';
	const {log} = await startSecure(t, {LAYERCACHE_TLS_REDIRECT_PORT: '0', LAYERCACHE_PUBLIC_URL: publicUrl, LAYERCACHE_AUTH: 'none'});
	const port = Number(log.find(({msg}) => msg === 'plain HTTP is led to https')?.port);
	const answer = await fetch(`http://127.0.0.1:${port}/ui`, {redirect: 'manual'});
	t.is(answer.headers.get('location'), `${publicUrl}/ui`);
});

test('browsers are told to stay with https on the dashboard, and never of this machine', async t => {
	const {url, ca} = await startSecure(t, {LAYERCACHE_ADMIN_TOKEN: 'correct-horse-battery'});
	const headers = {Host: 'cache.example'};
	t.is((await secureRequest(`${url}/ui/sign-in`, {ca, headers})).headers['strict-transport-security'], 'max-age=31536000');
	t.is((await secureRequest(`${url}/ui/nowhere`, {ca, headers})).headers['strict-transport-security'], 'max-age=31536000');
	t.is((await secureRequest(`${url}/ui/sign-in`, {ca})).headers['strict-transport-security'], undefined);
	const plain = await startApp(t);
	t.is((await plain.client.get('/ui/sign-in', headers)).headers.get('strict-transport-security'), null);
});

test('the session of somebody who signs in by https is never sent in the clear', async t => {
	const token = 'correct-horse-battery';
	const {url, ca} = await startSecure(t, {LAYERCACHE_ADMIN_TOKEN: token});
	const headers = {'Content-Type': 'application/x-www-form-urlencoded', Origin: url};
	const answer = await secureRequest(`${url}/ui/sign-in`, {ca, method: 'POST', headers, body: `secret=${token}`});
	t.is(answer.status, 303);
	t.regex(answer.headers['set-cookie']?.[0] ?? '', /; HttpOnly; SameSite=Strict; Secure$/);
});

test('who has connected and says nothing does not hold up the end', async t => {
	const {app} = await startSecure(t, {LAYERCACHE_DRAIN_SECONDS: '3600'});
	const sockets = [connect(app.server.address.port, '127.0.0.1'), connect(app.server.address.port, '127.0.0.1')];
	await Promise.all(sockets.map(socket => once(socket, 'connect')));
	sockets[0]?.write('\x16');
	const closed = Promise.all(sockets.map(socket => new Promise(resolve => socket.on('error', () => undefined).once('close', resolve))));
	await app.stop();
	await closed;
	t.pass();
});

test('a pair that cannot be used ends the start with what is the matter, and without the key', async t => {
	const {first, second, folder} = await certificates(t);
	const none = join(folder, 'none');
	const noPem = join(folder, 'no-pem');
	await writeFile(noPem, 'hunter2');
	const cases = [
		{cert: first.cert, key: second.key, says: /LAYERCACHE_TLS_KEY is not the key of the certificate/},
		{cert: first.cert, key: none, says: /LAYERCACHE_TLS_KEY cannot be read: ENOENT/},
		{cert: noPem, key: first.key, says: /LAYERCACHE_TLS_CERT has no certificate in PEM/},
		{cert: first.cert, key: noPem, says: /LAYERCACHE_TLS_KEY has no private key in PEM/},
	];
	for (const {cert, key, says} of cases) {
		const environment = {LAYERCACHE_TLS_CERT: cert, LAYERCACHE_TLS_KEY: key};
		const {message} = (await t.throwsAsync(startApp(t, {environment}))) ?? {};
		t.regex(message ?? '', says);
		t.false(message?.includes('hunter2'));
	}
});

test('at SIGHUP every worker shows the new pair', async t => {
	const {ca, second, replace, environment} = await certificates(t);
	const server = run(t, main, [], {
		...environment,
		LAYERCACHE_PORT: '0',
		LAYERCACHE_WORKERS: '2',
		LAYERCACHE_LOG: 'json',
		LAYERCACHE_DISK_PATH: await temporaryFolder(t),
	});
	const {url} = await waitForLine(server, 'listening');
	t.regex(String(url), /^https:/);
	await waitForLines(server, 'worker serves', 2);
	await replace(second);
	server.child.kill('SIGHUP');
	const loaded = await waitForLines(server, 'certificate loaded', 4);
	t.deepEqual(new Set(loaded.map(({worker}) => worker)), new Set([1, 2]));
	const shown = await Promise.all(Array.from({length: 8}, async () => (await secureRequest(String(url), {ca})).shown));
	t.deepEqual(new Set(shown), new Set([fingerprint(second)]));
});

test('a start with a pair that is none is one sentence and code 1', async t => {
	const {first, second} = await certificates(t);
	const environment = {LAYERCACHE_TLS_CERT: first.cert, LAYERCACHE_TLS_KEY: second.key, LAYERCACHE_PORT: '0', LAYERCACHE_STORE: 'memory'};
	const {child, output} = run(t, main, [], environment);
	t.is(await exitOf(child), 1);
	t.regex(output.text, /^layercache cannot start: LAYERCACHE_TLS_KEY is not the key of the certificate in LAYERCACHE_TLS_CERT$/m);
	t.notRegex(output.text, /\n {4}at /);
});

test('headers that have begun and do not end are cut here too, and silent connections are not', async t => {
	const {app, ca} = await startSecure(t, {LAYERCACHE_HTTP_HEADER_SECONDS: '1'});
	const open = async () => {
		const socket = connectSecurely({host: '127.0.0.1', port: app.server.address.port, ca, checkServerIdentity: () => undefined});
		socket.on('error', () => undefined);
		t.teardown(() => void socket.destroy());
		await once(socket, 'secureConnect');
		return socket;
	};
	const [silent, slow] = [await open(), await open()];
	slow.write('GET /v2/ HTTP/1.1\r\nHost: x\r\n');
	t.regex(await text(slow), /^HTTP\/1\.1 408 /);
	silent.write('GET /livez HTTP/1.1\r\nHost: x\r\n\r\n');
	t.regex(String((await once(silent, 'data'))[0]), /^HTTP\/1\.1 200 /);
});

test('whoever connects again and again and says nothing keeps nobody out', async t => {
	const {url, ca} = await startSecure(t, {LAYERCACHE_HTTP_CONNECTIONS: '16', LAYERCACHE_HTTP_CONNECTIONS_PER_ADDRESS: '16'});
	const port = Number(new URL(url).port);
	for (let count = 0; count < 50; count += 1) {
		const silent = connect(port, '127.0.0.1').on('error', () => undefined);
		t.teardown(() => silent.destroy());
		await once(silent, 'connect');
	}
	t.is((await secureRequest(`${url}/v2/`, {ca})).status, 200);
});
