/** Documents that are made for importers, while the store fails or several ask at once: nobody hears of what is not all there. */
import test from 'ava';
import {parseRepositoryName} from 'oci-spec-types';
import {createMemoryStore} from '../../src/storage/memory.ts';
import {type ObjectStore, StoreUnavailable} from '../../src/storage/objectStore.ts';
import {startApp} from '../support/app.ts';
import {asImporter, importCache, layersOf, pushCache} from '../support/caches.ts';
import {keysOf} from '../support/stores.ts';
import {until} from '../support/until.ts';

const repo = parseRepositoryName('ci/app');
const all = `/v2/${repo}/manifests/all`;
const policy = 'refs: [{match: "ci/**:all", union: ["job-*"]}]';
const tags = ['job-a', 'job-b', 'job-c'];

/** `refuses` is asked of each write to the store. */
const start = async (t: Parameters<typeof startApp>[0], refuses: (key: string) => boolean | Promise<boolean> = () => false) => {
	const inner = createMemoryStore();
	const written: string[] = [];
	const check = async (key: string) => {
		if (await refuses(key)) throw new StoreUnavailable('the store is away');
		written.push(key);
	};
	const store: ObjectStore = {
		...inner,
		async write(key, bytes, options) {
			await check(key);
			return inner.write(key, bytes, options);
		},
		async upload(key, body, options) {
			await check(key);
			return inner.upload(key, body, options);
		},
	};
	const {client: pusher} = await startApp(t, {store: inner});
	for (const tag of tags) await pushCache(pusher, repo, tag, {steps: [tag]});
	return {...(await startApp(t, {store, policy})), inner, written};
};

for (const [what, part] of [
	['config', '/_blobs/'],
	['manifest', '/_manifests/'],
	['pointer', '/_derived/'],
] as const) {
	test(`where the ${what} of a union cannot be written, the importer is told so, and the next one gets it`, async t => {
		let isAway = true;
		const {client, inner} = await start(t, key => isAway && key.includes(part));
		t.is((await client.head(all, asImporter)).status, 503);
		t.deepEqual(await keysOf(inner, `repos/${repo}/_derived/`), []);
		isAway = false;
		t.deepEqual((await importCache(client, repo, 'all')).steps.toSorted(), layersOf(...tags));
	});
}

test('the config is written before the manifest, and that before its pointer', async t => {
	const {client, written} = await start(t);
	await importCache(client, repo, 'all');
	t.deepEqual(
		written.filter(key => key.startsWith('repos/')).map(key => key.split('/')[3]),
		['_blobs', '_manifests', '_derived'],
	);
});

test('importers that ask at once wait for one document', async t => {
	const gate = Promise.withResolvers<boolean>();
	const {client, written} = await start(t, key => (key.includes('/_derived/') ? gate.promise : false));
	const asked = Array.from({length: 5}, () => client.head(all, asImporter));
	await until(async () => written.some(key => key.includes('/_manifests/')));
	gate.resolve(false);
	const digests = (await Promise.all(asked)).map(({status, headers}) => `${status} ${headers.get('docker-content-digest')}`);
	t.is(new Set(digests).size, 1);
	t.is(written.filter(key => key.includes('/_derived/')).length, 1);
	t.is(written.filter(key => key.includes('/_manifests/')).length, 1);
});
