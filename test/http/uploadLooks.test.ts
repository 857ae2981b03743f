/** How often the store is looked at while uploads are redirected. A clock that this file turns itself. */
import {mock} from 'node:test';
import test from 'ava';
import {createMemoryStore} from '../../src/storage/memory.ts';
import type {ObjectStore, UploadVerdict} from '../../src/storage/objectStore.ts';
import {startApp} from '../support/app.ts';
import {until} from '../support/until.ts';

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;

test.serial('the store is looked at again every hour, until the server stops', async t => {
	mock.timers.enable({apis: ['setInterval']});
	t.teardown(() => mock.timers.reset());
	const verdicts: UploadVerdict[] = [
		{redirect: false, reason: 'was tried out: no'},
		{redirect: true, reason: 'was tried out: yes'},
	];
	let looks = 0;
	const probeUploads = async () => verdicts[looks++] ?? {redirect: false, reason: 'was tried out too often'};
	const store: ObjectStore = {...createMemoryStore(), probeUploads};
	let now = 0;
	const {app, client} = await startApp(t, {store, elapsed: () => now});
	const pass = (ms: number) => {
		for (let rest = ms; rest > 0; rest -= 5 * minuteMs) {
			now += 5 * minuteMs;
			mock.timers.tick(5 * minuteMs);
		}
	};
	const isRedirecting = async () => /^layercache_upload_redirects 1$/m.test((await client.get('/metrics')).text);

	t.is(looks, 1);
	t.false(await isRedirecting());
	pass(55 * minuteMs);
	t.is(looks, 1);
	pass(5 * minuteMs);
	t.is(looks, 2);
	await until(isRedirecting);

	await app.stop();
	pass(2 * hourMs);
	t.is(looks, 2);
});

test.serial('a store that says neither yes nor no is looked at again after five minutes', async t => {
	mock.timers.enable({apis: ['setInterval']});
	t.teardown(() => mock.timers.reset());
	let looks = 0;
	const probeUploads = async () => {
		looks += 1;
		return {redirect: false, reason: 'answered 503', isUnclear: true};
	};
	await startApp(t, {store: {...createMemoryStore(), probeUploads}, elapsed: () => 0});
	t.is(looks, 1);
	mock.timers.tick(5 * minuteMs);
	t.is(looks, 2);
});
