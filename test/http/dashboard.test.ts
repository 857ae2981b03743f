import test, {type ExecutionContext} from 'ava';
import {OperationError} from '../../src/operations/operation.ts';
import type {Operations} from '../../src/operations/operations.ts';
import {StoreUnavailable} from '../../src/storage/objectStore.ts';
import {type ListenOptions, listenDashboard} from '../support/dashboard.ts';
import {sampleOperations} from '../support/sampleAnswers.ts';
import {until} from '../support/until.ts';

const start = async (t: ExecutionContext, options: ListenOptions = {}) => {
	const {url, log, close} = await listenDashboard(options);
	t.teardown(close);
	const ask = async (path: string, init: RequestInit = {}) => {
		const answer = await fetch(new URL(path, url), {redirect: 'manual', ...init});
		return {status: answer.status, headers: answer.headers, text: await answer.text(), location: answer.headers.get('location') ?? ''};
	};
	const post = (path: string, fields: Record<string, string>, headers: Record<string, string> = {}) =>
		ask(path, {method: 'POST', body: new URLSearchParams(fields), headers: {'Sec-Fetch-Site': 'same-origin', Origin: url, ...headers}});
	return {url, log, ask, post};
};

/** The page of a job that has come to its end. */
const whenOver = async (ask: (path: string) => Promise<{text: string}>, path: string) => {
	let text = '';
	await until(async () => {
		({text} = await ask(path));
		return !text.includes('data-running');
	});
	return text;
};

const pages = ['/ui', '/ui/repositories', '/ui/repositories/ci/web', '/ui/refs/ci/web:main', '/ui/usage', '/ui/retention', '/ui/prune'];

test('each page is answered whole, and forbids what is not ours', async t => {
	const {ask} = await start(t);
	for (const path of pages) {
		const {status, headers, text} = await ask(path);
		t.is(status, 200, path);
		t.regex(text, /<\/html>\n$/);
		t.regex(
			headers.get('content-security-policy') ?? '',
			/^default-src 'none'; script-src 'self'; style-src 'self';.*frame-ancestors 'none'$/,
		);
		t.is(headers.get('cache-control'), 'no-store');
		t.notRegex(text, /NaN|Infinity|undefined|\[object/, path);
	}
});

test('a slash at the end leads to the overview', async t => {
	const {ask} = await start(t);
	t.like(await ask('/ui/'), {status: 303, location: '/ui'});
});

test('style and scripts may be kept for ever, under paths with their versions', async t => {
	const {ask} = await start(t);
	const {text} = await ask('/ui');
	const assets = [...text.matchAll(/(?:href|src)="(\/ui\/assets\/[^"]+)"/g)].map(([, path = '']) => path);
	t.is(assets.length, 4);
	t.true(assets.some(path => /\/uplot-\d+\.\d+\.\d+\//.test(path)));
	for (const path of assets) {
		const {status, headers} = await ask(path);
		t.is(status, 200);
		t.is(headers.get('cache-control'), 'public, max-age=31536000, immutable');
	}
	t.is((await ask('/ui/assets/uplot-1.6.32/../../../package.json')).status, 404);
	t.is((await ask('/ui/assets/0/dashboard.css')).status, 404);
});

test('what is not there, and what failed, is a page that says so', async t => {
	const operations = sampleOperations({
		usage: () => {
			throw new StoreUnavailable('http://127.0.0.1:9000 refused');
		},
	});
	const {ask, log} = await start(t, {operations});
	const missing = await ask('/ui/refs/ci/web:gone');
	t.is(missing.status, 404);
	t.regex(missing.text, /there is no ref ci\/web:gone/);
	t.is((await ask('/ui/nothing')).status, 404);
	t.is((await ask('/UI/prune')).status, 404);
	t.is((await ask('/ui/refs/%E0%A4%A')).status, 404);
	const failed = await ask('/ui/repositories');
	t.is(failed.status, 503);
	t.regex(failed.text, /cannot be reached just now/);
	t.notRegex(failed.text, /9000/);
	t.true(log.some(line => line.includes('9000')));
	t.is((await ask('/ui', {method: 'DELETE'})).status, 405);
});

test('without a token only this machine is answered', async t => {
	const {ask} = await start(t);
	t.is((await ask('/ui')).status, 200);
	const {status, text} = await ask('/ui', {headers: {'X-Forwarded-For': '127.9.9.9'}});
	t.is(status, 403);
	t.regex(text, /LAYERCACHE_ADMIN_TOKEN/);
	t.is((await ask('/ui/sign-in')).location, '/ui');
});

test('with a token a person signs in, is led where they wanted to go, and signs out', async t => {
	const {ask, post, log} = await start(t, {token: 'a-long-secret'});
	const sent = await ask('/ui/usage?days=7');
	t.is(sent.status, 303);
	t.is(sent.location, '/ui/sign-in?next=%2Fui%2Fusage%3Fdays%3D7');
	t.regex((await ask(sent.location)).text, /name="next" value="\/ui\/usage\?days=7"/);

	t.is((await post('/ui/sign-in', {secret: 'wrong', next: '/ui'})).status, 403);
	const signedIn = await post('/ui/sign-in', {secret: 'a-long-secret', next: '/ui/usage?days=7'});
	t.is(signedIn.location, '/ui/usage?days=7');
	const Cookie = signedIn.headers.get('set-cookie')?.split(';', 1)[0] ?? '';
	const page = await ask('/ui', {headers: {Cookie}});
	t.is(page.status, 200);
	t.regex(page.text, /Sign out/);
	t.is((await ask('/ui', {headers: {Cookie: `${Cookie}x`}})).status, 303);

	const signedOut = await post('/ui/sign-out', {}, {Cookie});
	t.is(signedOut.location, '/ui/sign-in');
	t.regex(signedOut.headers.get('set-cookie') ?? '', /^layercache-session=; Path=\/ui; Max-Age=0/);
	t.false(log.some(line => line.includes('a-long-secret')));
});

test('a script may send the token itself', async t => {
	const {ask} = await start(t, {token: 'a-long-secret'});
	t.is((await ask('/ui', {headers: {Authorization: 'Bearer a-long-secret'}})).status, 200);
	t.is((await ask('/ui', {headers: {Authorization: 'Bearer wrong'}})).status, 401);
});

test('signing in leads to no other site, whatever a link said', async t => {
	const {post} = await start(t, {token: 'secret'});
	for (const next of [
		'https://evil.example/',
		'//evil.example',
		'/ui/../../v2/',
		'/ui/%2e%2e/v2/',
		'/uix',
		'/ui/\\evil',
		'javascript:alert(1)',
	]) {
		const {location} = await post('/ui/sign-in', {secret: 'secret', next});
		// As a browser reads it.
		const {origin, pathname} = new URL(location, 'http://cache.example');
		t.is(origin, 'http://cache.example', `${next} led to ${location}`);
		t.regex(pathname, /^\/ui(?:\/|$)/, `${next} led to ${location}`);
	}
});

test('prune shows what would go, and deletes just that', async t => {
	const asked: object[] = [];
	const sample = sampleOperations();
	const operations: Operations = {
		run(name, input) {
			asked.push(input);
			return sample.run(name, input);
		},
	};
	const {ask, post} = await start(t, {operations});
	const preview = await ask('/ui/prune?tag=pr-*&keep=2&idle=');
	t.regex(preview.text, /Delete 3 refs/);
	t.deepEqual(asked.splice(0), [{tag: 'pr-*', keep: 2, dryRun: true}]);
	const [, plan = ''] = /name="plan" value="([^"]+)"/.exec(preview.text) ?? [];

	const begun = await post('/ui/prune', {tag: 'pr-*', keep: '2', plan});
	t.is(begun.status, 303);
	t.deepEqual(asked, [{tag: 'pr-*', keep: 2, plan}]);
	t.regex(await whenOver(ask, begun.location), /3 refs deleted/);
});

test('where something else would go by now, nothing goes, and the way back is filled in', async t => {
	const operations = sampleOperations({
		prune: () => {
			throw new OperationError('changed', 'something else would go');
		},
	});
	const {ask, post} = await start(t, {operations});
	const text = await whenOver(ask, (await post('/ui/prune', {tag: 'pr-*', plan: 'old'})).location);
	t.regex(text, /Nothing was deleted/);
	t.regex(text, /href="\/ui\/prune\?tag=pr-\*"/);
});

test('a prune that was not shown before is shown first', async t => {
	const {post} = await start(t);
	const {status, location} = await post('/ui/prune', {tag: 'pr-*'});
	t.is(status, 303);
	t.is(location, '/ui/prune?tag=pr-*');
});

test('a condition that is none is named beside the form, with what was typed', async t => {
	const operations = sampleOperations({
		prune: () => {
			throw new OperationError('invalid', 'idle: must be a duration such as 12h, 7d or 2w');
		},
	});
	const {ask} = await start(t, {operations});
	const {text} = await ask('/ui/prune?idle=soon');
	t.regex(text, /must be a duration such as/);
	t.regex(text, /name="idle" value="soon"/);
	t.regex((await ask('/ui/prune?repo=')).text, /at least one condition/);
});

test('no page of another site deletes anything', async t => {
	const {url, post, ask} = await start(t);
	const fields = {tag: 'pr-*', plan: 'c0ffee123456'};
	t.is((await post('/ui/prune', fields, {'Sec-Fetch-Site': 'cross-site'})).status, 403);
	t.is((await post('/ui/prune', fields, {Origin: 'http://evil.example'})).status, 403);
	t.is((await ask('/ui/prune', {method: 'POST', body: new URLSearchParams(fields)})).status, 403);
	const text = await ask('/ui/prune', {method: 'POST', body: 'x', headers: {Origin: url, 'Content-Type': 'text/plain'}});
	t.is(text.status, 415);
	t.is((await post('/ui/usage', {})).status, 405);
});
