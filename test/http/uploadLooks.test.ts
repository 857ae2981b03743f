/** How often the store is looked at while uploads are redirected. A clock that this file turns itself. */
import {mock} from 'node:test';
import test from 'ava';
import {createMemoryStore} from '../../src/storage/memory.ts';
import type {ObjectStore, UploadVerdict} from '../../src/storage/objectStore.ts';
import {startApp} from '../support/app.ts';
import {until} from '../support/until.ts';

const hourMs = 3_600_000;

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
	const {app, client} = await startApp(t, {store});
	const isRedirecting = async () => /^layercache_upload_redirects 1$/m.test((await client.get('/metrics')).text);

	t.is(looks, 1);
	t.false(await isRedirecting());
	mock.timers.tick(hourMs - 1);
	t.is(looks, 1);
	mock.timers.tick(1);
	t.is(looks, 2);
	await until(isRedirecting);

	await app.stop();
	mock.timers.tick(2 * hourMs);
	t.is(looks, 2);
});
