/** Usage and limits go by who asks, and not by where from: jobs of one runner are different clients. */
import test, {type ExecutionContext} from 'ava';
import {parseRepositoryName, parseTag} from 'oci-spec-types';
import {dayOf} from '../../src/lib/days.ts';
import {asImporter, layerDigest, pushCache} from '../support/caches.ts';
import {createClient} from '../support/client.ts';
import {asAlice, basic, startSecuredApp} from '../support/securedApp.ts';
import {readUsage} from '../support/usage.ts';

const repo = parseRepositoryName('ci/app');

const start = async (t: ExecutionContext, environment: Record<string, string> = {}) => {
	const secured = await startSecuredApp(t, {environment, policy: 'access: [{who: {identified: true}, may: [pull, push], on: "**:*"}]'});
	const clientOf = (headers: Record<string, string>) => createClient(secured.url, headers);
	const job = async (sub: string) => clientOf({Authorization: basic('job', await secured.issuer.sign({sub}))});
	return {...secured, alice: clientOf(asAlice), job};
};

test('who leaves too much without a manifest is refused, and others at the same address are not', async t => {
	const {alice, job} = await start(t, {LAYERCACHE_UNREFERENCED_LIMIT: '1KB'});
	const [one, two] = [await job('one'), await job('two')];
	t.is((await one.pushBlob(repo, 'a'.repeat(2000))).status, 201);
	const statuses = [one, two, alice].map(async client => (await client.request('POST', `/v2/${repo}/blobs/uploads/`)).status);
	t.deepEqual(await Promise.all(statuses), [403, 202, 202]);
});

test('usage names identities', async t => {
	const {app, store, alice, job} = await start(t);
	t.is((await pushCache(alice, repo, 'main', {steps: ['one']})).status, 201);
	const one = await job('one');
	await one.get(`/v2/${repo}/manifests/main`, asImporter);
	await one.get(`/v2/${repo}/blobs/${layerDigest('one')}`);
	await app.stop();
	const usage = readUsage(t, store);
	const clients = new Map((await usage.clients(dayOf(0))).map(client => [client.client, client]));
	t.deepEqual([...clients.keys()].toSorted(), ['oidc:ci:one', 'user:alice']);
	t.like(clients.get('user:alice'), {pushes: 1, imports: 0, fetches: 0});
	t.like(clients.get('oidc:ci:one'), {pushes: 0, imports: 1, fetches: 1});
	const ofMain = (await usage.ref(repo, parseTag('main'))).clients.map(({client}) => client);
	t.deepEqual(ofMain.toSorted(), ['oidc:ci:one', 'user:alice']);
});
