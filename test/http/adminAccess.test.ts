/** Who may use the admin API: with a token whoever has it, without one this machine; and no page of another site. */

import {once} from 'node:events';
import type {IncomingMessage} from 'node:http';
import {request as sendRaw} from 'node:http';
import test from 'ava';
import {parseRepositoryName} from 'oci-spec-types';
import {apiOf} from '../support/adminApi.ts';
import {startApp} from '../support/app.ts';
import {pushCache} from '../support/caches.ts';
import {runCommand} from '../support/commandLine.ts';

const token = 'a token that nobody guesses'.replaceAll(' ', '-');
const withToken = {environment: {LAYERCACHE_ADMIN_TOKEN: token}};
const asJson = {'Content-Type': 'application/json'};

/** With whatever Host and other headers; fetch would not. */
const statusOf = async (url: string, method: string, path: string, headers: Record<string, string>): Promise<number> => {
	const {hostname, port} = new URL(url);
	const sent = sendRaw({method, path, hostname, port, headers}).end(method === 'POST' ? '{}' : undefined);
	const [answer] = (await once(sent, 'response')) as [IncomingMessage];
	answer.resume();
	return answer.statusCode ?? 0;
};

test('where a token is set, all need it, and no other does', async t => {
	const {url} = await startApp(t, withToken);
	const api = apiOf(t, url);
	const none = await api.get('/api/v1/refs/list');
	t.like(none, {status: 401, error: 'unauthenticated'});
	t.regex(none.headers.get('www-authenticate') ?? '', /^Bearer/);
	for (const wrong of [`Bearer ${token}x`, `Bearer ${token.slice(1)}`, 'Bearer x', `Basic ${btoa('admin:x')}`, token])
		t.like(await api.get('/api/v1/refs/list', {Authorization: wrong}), {status: 401}, wrong);
	for (const right of [`Bearer ${token}`, `bearer ${token}`, `Basic ${btoa(`anyone:${token}`)}`])
		t.like(await api.get('/api/v1/refs/list', {Authorization: right}), {status: 200}, right);
	t.like(await api.raw('POST', '/api/v1/prune', asJson, '{}'), {status: 401});
	t.like(await api.get('/api/v1/openapi.json'), {status: 401});
});

test('the token is in no line of the log and in no answer', async t => {
	const {url, log} = await startApp(t, withToken);
	const api = apiOf(t, url);
	await api.get('/api/v1/refs/list', {Authorization: `Bearer ${token}`});
	await api.get('/api/v1/refs/list', {Authorization: `Bearer ${token}x`});
	const doctor = await api.raw('POST', '/api/v1/doctor', {...asJson, Authorization: `Bearer ${token}`}, '{}');
	t.false(JSON.stringify([log, doctor.body]).includes(token));
});

test('without a token only clients that come to this machine by its own name are answered', async t => {
	const {url} = await startApp(t);
	const {host, port} = new URL(url);
	const read = (headers: Record<string, string>) => statusOf(url, 'GET', '/api/v1/refs/list', headers);
	t.is(await read({Host: host}), 200);
	t.is(await read({Host: `localhost:${port}`}), 200);
	t.is(await read({Host: 'cache.example'}), 403);
	t.is(await read({Host: host, 'X-Forwarded-For': '203.0.113.9'}), 403);
	t.is(await read({Host: host, Forwarded: 'for=203.0.113.9'}), 403);
});

test('behind a trusted proxy it is the client that counts', async t => {
	const {url} = await startApp(t, {environment: {LAYERCACHE_HTTP_TRUSTED_PROXIES: '127.0.0.0/8', LAYERCACHE_AUTH: 'none'}});
	t.is(await statusOf(url, 'GET', '/api/v1/refs/list', {Host: 'localhost', 'X-Forwarded-For': '203.0.113.9'}), 403);
});

test('what a page of another site sends changes nothing', async t => {
	const {url, client} = await startApp(t);
	const {host, origin} = new URL(url);
	const write = (headers: Record<string, string>) => statusOf(url, 'POST', '/api/v1/prune', {Host: host, ...headers});
	t.is(await write(asJson), 202);
	t.is(await write({...asJson, 'Sec-Fetch-Site': 'same-origin', Origin: origin}), 202);
	t.is(await write({...asJson, 'Sec-Fetch-Site': 'cross-site', Origin: 'https://elsewhere.example'}), 403);
	t.is(await write({...asJson, Origin: 'https://elsewhere.example'}), 403);
	t.is(await write({...asJson, Origin: 'null'}), 403);
	t.is(await write({'Content-Type': 'text/plain'}), 403);
	t.is(await write({'Content-Type': 'application/x-www-form-urlencoded', 'Sec-Fetch-Site': 'same-origin'}), 415);
	t.is(
		(await client.request('OPTIONS', '/api/v1/prune', {headers: {Origin: 'https://elsewhere.example'}})).headers.get(
			'access-control-allow-origin',
		),
		null,
	);
});

test('a public URL opens nothing to pages of other sites, and nothing to those behind a proxy that does not say so', async t => {
	for (const [publicUrl, atLoopback] of [
		['http://localhost:5000', 200],
		['https://cache.example', 403],
	] as const) {
		const {url} = await startApp(t, {environment: {LAYERCACHE_PUBLIC_URL: publicUrl, LAYERCACHE_AUTH: 'none'}});
		const read = (host: string) => statusOf(url, 'GET', '/api/v1/refs/list', {Host: host});
		t.is(await read('rebound.example:5000'), 403);
		t.is(await read('cache.example'), 403);
		t.is(await read(new URL(url).host), atLoopback);
	}
});

test('who comes through a forwarded port, past the proxy, is no page of another site', async t => {
	const {url} = await startApp(t, {
		environment: {LAYERCACHE_ADMIN_TOKEN: token, LAYERCACHE_PUBLIC_URL: 'https://cache.example', LAYERCACHE_AUTH: 'none'},
	});
	const write = (origin: string) =>
		statusOf(url, 'POST', '/api/v1/prune', {...asJson, Host: '127.0.0.1:6000', Origin: origin, Authorization: `Bearer ${token}`});
	t.is(await write('http://127.0.0.1:6000'), 202);
	t.is(await write('https://cache.example'), 202);
	t.is(await write('https://elsewhere.example'), 403);
	t.is(await write('none'), 403);
});

test('what an import would be answered anyone may ask', async t => {
	const {client} = await startApp(t, withToken);
	t.is((await client.get('/api/v1/refs/ci/app:main')).status, 200);
});

test('a command sends the token, and says what to do where it has none or another', async t => {
	const {url, client} = await startApp(t, withToken);
	await pushCache(client, parseRepositoryName('ci/app'), 'main', {steps: ['one']});
	const list = ['refs', 'list', '--server', url];
	const without = await runCommand(list);
	t.is(without.code, 4);
	t.regex(without.said, /-> set LAYERCACHE_TOKEN to LAYERCACHE_ADMIN_TOKEN of the server/);
	t.is((await runCommand([...list, '--token', 'another'])).code, 4);
	t.is((await runCommand([...list, '--token', token])).code, 0);
	t.is((await runCommand(list, {environment: {LAYERCACHE_TOKEN: `${token}\n`}})).code, 0);
});

test('a command asks the server that the environment names, and an empty name is none', async t => {
	const {url} = await startApp(t, withToken);
	t.is((await runCommand(['refs', 'list'], {environment: {LAYERCACHE_SERVER: url, LAYERCACHE_TOKEN: token}})).code, 0);
	t.regex((await runCommand(['refs', 'list'], {environment: {LAYERCACHE_SERVER: ''}})).said, /nothing of layercache in the disk store/);
	t.is((await runCommand(['refs', 'list', '--server', ''])).code, 2);
});

test('what a command cannot send is refused without being shown', async t => {
	const {url} = await startApp(t, withToken);
	for (const [server, given] of [
		[url, `${token}\n${token}`],
		[url, `${token}é`],
		[url.replace('//', `//admin:${token}@`), ''],
	] as const) {
		const {code, said, out} = await runCommand(['refs', 'list', '--server', server], {environment: {LAYERCACHE_TOKEN: given}});
		t.is(code, 2);
		t.regex(said, /->.*(?:look at it|LAYERCACHE_TOKEN)/);
		t.false(`${said}${out}`.includes(token));
	}
});
