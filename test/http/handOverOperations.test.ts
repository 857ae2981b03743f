/** What an administrator is told of the queue to the upstreams, and can do about it. */
import test from 'ava';
import {UpstreamFailure} from '../../src/upstream/upstream.ts';
import {apiOf} from '../support/adminApi.ts';
import {json, runCommand} from '../support/commandLine.ts';
import {until} from '../support/until.ts';
import {pushThrough, startInFront, v1} from '../support/upstreams.ts';

const away = async () => {
	throw new UpstreamFailure('UNAVAILABLE', {
		host: 'there.example',
		operation: 'putBlob',
		message: 'there.example is away',
		isPassing: true,
	});
};

for (const way of ['the store', 'a server'] as const) {
	test(`on ${way}, what waits is listed with what the upstream said, tried now, and given up by its ref`, async t => {
		const {client, upstream, store, url, log} = await startInFront(t, {route: 'images: queued'});
		const run = (...args: string[]) => runCommand(['handovers', ...args, ...(way === 'a server' ? ['--server', url] : [])], {store});
		t.is((await run('list')).out, 'nothing waits to be handed over\n');
		upstream.faults.putBlob = away;
		const {digest} = await pushThrough(client, 'one');
		await pushThrough(client, 'two', 'v2');
		await until(() => log.filter(({msg}) => msg.startsWith('not handed over')).length === 2);

		t.regex((await run('list')).out, /team\/app:v1 +[0-9a-f]{12} +\d+ s +1 +\d{4}-.* UTC +there\.example is away\n/);
		const listed = json(await run('list', '--tag', 'v1', '--json'));
		t.like(listed, {total: 1, failing: 1, handovers: [{repository: 'team/app', tag: 'v1', digest, attempts: 1}]});

		t.regex((await run('drop', 'team/app:v2')).out, /not handed over any more \(1 entry\)/);
		t.is((await run('drop', 'team/app:v2')).code, 1);
		upstream.faults.putBlob = undefined;
		t.regex((await run('retry', '--repo', 'team/**')).out, /1 thing will be tried within seconds/);
		// Whoever pushes next wakes the server; by itself it looks every ten seconds.
		await pushThrough(client, 'three', 'v3');
		await until(async () => (await upstream.digestAt(v1)) === digest);
		await until(async () => (await run('list')).out === 'nothing waits to be handed over\n');
		t.is(await upstream.digestAt('v2' as never), undefined);
	});
}

test('the admin API answers the same, and refuses what is no ref', async t => {
	const {url} = await startInFront(t, {route: 'images: queued'});
	const api = apiOf(t, url);
	t.like((await api.get('/api/v1/handovers/list')).body, {handovers: [], total: 0, failing: 0});
	t.is((await api.send('POST', '/api/v1/handovers/drop', {ref: 'team/app'})).status, 400);
	t.is((await api.send('POST', '/api/v1/handovers/drop', {ref: 'team/app:v1'})).status, 404);
});
