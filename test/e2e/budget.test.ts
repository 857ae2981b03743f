/**
 * A budget, and five times as much pushed over time. `BUDGET_MIB` sets its size: 64 where nothing is said, 1024 as the registry's own bar
 * has it.
 */
import {env} from 'node:process';
import {setTimeout as delay} from 'node:timers/promises';
import test, {type ExecutionContext} from 'ava';
import {createCachePush, importerAccept} from './harness/cachePush.ts';
import {freePort} from './harness/freePort.ts';
import {startLayercache} from './harness/layercache.ts';
import {policySetting} from './harness/policy.ts';
import {type Push, push} from './harness/pushClient.ts';
import {createRandom} from './harness/random.ts';
import type {RegistryServer} from './harness/registryServer.ts';
import {minio} from './harness/storages.ts';
import {storedObjects} from './harness/storedObjects.ts';
import {openBucket, verifyBucket} from './harness/verifyBucket.ts';

const MiB = 1024 * 1024;
const budgetBytes = Number(env.BUDGET_MIB ?? 64) * MiB;
/** Eight refs fill the budget, and forty are pushed. */
const layerBytes = budgetBytes / 16 - 64 * 1024;
const pushes = 40;
const waitSeconds = 12;
const repository = 'ci/app';
const policy = `
refs:
  - match: "ci/**:main"
    protect: true
budget:
  - match: "ci/**:**"
    size: ${budgetBytes / MiB}MiB
access:
  - who: {addresses: 127.0.0.0/8}
    may: [pull, push, delete, protect]
    on: "**:*"
`;
const storages = minio(test);

test(`five times a budget pushed over time settles below it, least recently imported first`, async t => {
	t.timeout(900_000);
	const random = createRandom();
	const storage = await storages.create(t);
	if (storage.kind !== 's3') throw new Error('it is about S3');
	const settings = {
		...(await policySetting(t, policy)),
		LAYERCACHE_GC_EVERY: '1s',
		LAYERCACHE_GC_GRACE: `${waitSeconds}s`,
		LAYERCACHE_GC_QUARANTINE: `${waitSeconds}s`,
	};
	const port = await freePort();
	const start = () => startLayercache(t, {storage, port, env: settings});
	let server = await start();
	const newPush = (tag: string) => createCachePush(repository, tag, [random.bytes(layerBytes), random.bytes(layerBytes)]);

	await push(server, newPush('main'));
	// When each ref was used last, in the order of that.
	const used: string[] = [];
	const use = (tag: string) => used.splice(0, used.length, ...used.filter(other => other !== tag), tag);
	const popular = [0, 1].map(number => newPush(`popular-${number}`));
	for (const ref of popular) {
		await push(server, ref);
		use(ref.tag);
	}
	let largest = 0;
	for (let number = 2; number < pushes; number += 1) {
		const ref = newPush(`once-${number}`);
		await push(server, ref);
		use(ref.tag);
		largest = Math.max(largest, await sizeOf(storage));
		if (number % 3 !== 2) continue;
		// The store tells whole seconds: what is used within two of them is in no order.
		await delay(2000);
		for (const wanted of popular) {
			await importWhole(t, server, wanted);
			use(wanted.tag);
		}
		// What is known of use is written once a minute, and when a server ends.
		t.is(await server.stop(), 0);
		server = await start();
	}

	const pushedAt = performance.now();
	const settled = async () => (await sizeOf(storage)) <= budgetBytes;
	// Grace and two quarantines, two cycles, and what a busy machine adds to both.
	const deadline = pushedAt + (3 * waitSeconds + 20) * 1000;
	while (!(await settled()) && performance.now() < deadline) await delay(500);
	const settledAfter = (performance.now() - pushedAt) / 1000;
	const bytes = await sizeOf(storage);
	const tags = await tagsOf(server);
	const left = used.filter(tag => tags.includes(tag));
	t.log(`${pushes} refs of ${((2 * layerBytes) / MiB).toFixed(1)} MiB, at most ${(largest / MiB).toFixed()} MiB at once`);
	t.log(`${(bytes / MiB).toFixed(1)} of ${budgetBytes / MiB} MiB ${settledAfter.toFixed(1)} s after the last push: ${tags}`);
	t.true(bytes <= budgetBytes);
	t.true(bytes > budgetBytes / 2, 'no more went than had to');
	t.true(tags.includes('main'));
	t.deepEqual(left, used.slice(-left.length));
	t.true(popular.every(({tag}) => left.includes(tag)));
	for (const ref of popular) await importWhole(t, server, ref);
	const {findings, checked} = await verifyBucket(openBucket(t, storage));
	t.deepEqual(findings, []);
	t.true(checked.count > 0);
});

/** Of blobs and manifests. */
const sizeOf = async (storage: Parameters<typeof storedObjects>[0]): Promise<number> => {
	let bytes = 0;
	for (const [key, size] of await storedObjects(storage)) if (/\/_(?:blobs|manifests)\//.test(key)) bytes += size;
	return bytes;
};

const tagsOf = async ({url}: RegistryServer): Promise<string[]> => {
	const answer = await fetch(`${url}/v2/${repository}/tags/list`);
	return ((await answer.json()) as {tags: string[]}).tags;
};

/** As BuildKit does it: HEAD of the tag, GET of its digest, the config, the layers. */
const importWhole = async (t: ExecutionContext, {url}: RegistryServer, {tag, blobs}: Push): Promise<void> => {
	const base = `${url}/v2/${repository}`;
	const found = await fetch(`${base}/manifests/${tag}`, {method: 'HEAD', headers: {Accept: importerAccept}});
	t.is(found.status, 200, `HEAD ${tag}`);
	const manifest = await fetch(`${base}/manifests/${found.headers.get('docker-content-digest')}`, {headers: {Accept: importerAccept}});
	t.is(manifest.status, 200, `GET ${tag}`);
	await manifest.arrayBuffer();
	for (const [digest, bytes] of blobs) {
		const blob = await fetch(`${base}/blobs/${digest}`);
		t.is(blob.status, 200, `${digest} of ${tag}`);
		t.is((await blob.arrayBuffer()).byteLength, bytes.length);
	}
};
