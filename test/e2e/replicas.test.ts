/** Two processes on one bucket behind haproxy, as documented: any request may reach either, and one may die at any moment. */
import {readFile} from 'node:fs/promises';
import {env} from 'node:process';
import {setTimeout as delay} from 'node:timers/promises';
import test, {type ExecutionContext} from 'ava';
import {cacheBuild, everyStepIsCached, fromRegistry} from './harness/cacheBuild.ts';
import {allSteps, createContext} from './harness/context.ts';
import {createPush} from './harness/pushClient.ts';
import {createRandom} from './harness/random.ts';
import {sha256} from './harness/registryClient.ts';
import type {RegistryServer} from './harness/registryServer.ts';
import {startReplicas} from './harness/replicas.ts';
import {minio} from './harness/storages.ts';
import {until} from './harness/until.ts';
import {readWholeBucket} from './harness/wholeBucket.ts';

const rounds = Number(env.FAULT_ROUNDS ?? 1);
const storages = minio(test);
const manifestType = 'application/vnd.oci.image.manifest.v1+json';

const start = async (t: ExecutionContext, settings: NodeJS.ProcessEnv = {}) => {
	const storage = await storages.create(t);
	if (storage.kind !== 's3') throw new Error('replicas share a bucket');
	const {replicas, proxy} = await startReplicas(t, storage, settings);
	/** Every request on its own, so that haproxy alone decides which replica gets it. */
	const send = async (method: string, path: string, {body, ...headers}: Record<string, string | Buffer | undefined> = {}) => {
		const answer = await fetch(new URL(path, proxy.url), {
			method,
			headers: headers as Record<string, string>,
			body: body as string | undefined,
			signal: AbortSignal.timeout(60_000),
		});
		const bytes = Buffer.from(await answer.arrayBuffer());
		return {status: answer.status, bytes, headers: answer.headers, replica: answer.headers.get('X-Replica')};
	};
	return {storage, replicas, proxy, send};
};

type Send = Awaited<ReturnType<typeof start>>['send'];
type Sent = Awaited<ReturnType<Send>>;

const statuses = (answers: readonly Sent[]) => answers.map(({status}) => status);

/** Round robin: each went where the one before did not. */
const alternate = (answers: readonly Sent[]) => answers.every(({replica}, at) => replica !== null && replica !== answers[at - 1]?.replica);

const locationOf = ({headers}: Sent) => headers.get('Location') ?? '';

const withDigest = (location: string, digest: string) => `${location}${location.includes('?') ? '&' : '?'}digest=${digest}`;

/** Of two requests in a row each replica gets one. */
const onBoth = async (ask: () => Promise<Sent>) => [await ask(), await ask()];

test('an upload begins on one replica, and goes on and ends on others', async t => {
	const {send} = await start(t);
	const random = createRandom();
	const [first, second, third] = [random.bytes(6_000_000), random.bytes(5_500_000), random.bytes(1000)] as const;
	const whole = Buffer.concat([first, second, third]);

	const begun = await send('POST', '/v2/team/app/blobs/uploads/');
	const put = await send('PUT', withDigest(locationOf(begun), sha256(first)), {body: first});
	const reads = await onBoth(() => send('GET', `/v2/team/app/blobs/${sha256(first)}`));
	t.deepEqual(statuses([begun, put, ...reads]), [202, 201, 200, 200]);
	for (const {bytes} of reads) t.is(sha256(bytes), sha256(first));

	const opened = await send('POST', '/v2/team/app/blobs/uploads/');
	const chunks = [opened];
	let offset = 0;
	for (const body of [first, second, third]) {
		const range = `${offset}-${offset + body.length - 1}`;
		chunks.push(await send('PATCH', locationOf(chunks.at(-1) as Sent), {body, 'Content-Range': range}));
		offset += body.length;
	}
	const closed = await send('PUT', withDigest(locationOf(chunks.at(-1) as Sent), sha256(whole)));
	t.deepEqual(statuses([...chunks, closed]), [202, 202, 202, 202, 201]);
	t.true(alternate([...chunks, closed]));
	for (const {bytes} of await onBoth(() => send('GET', `/v2/team/app/blobs/${sha256(whole)}`))) t.is(sha256(bytes), sha256(whole));
});

test('what one replica has acknowledged, the other knows at once', async t => {
	const {send} = await start(t);
	const random = createRandom();
	const push = createPush('team/app', 'main', [random.bytes(300_000), random.bytes(2000)]);
	const other = createPush('team/app', 'later', [random.bytes(1000)]);
	const base = '/v2/team/app';

	for (const {blobs, manifest} of [push, other]) {
		const digests = [...blobs.keys()];
		// Now both have answered "no", which neither may remember.
		for (const digest of digests) t.deepEqual(statuses(await onBoth(() => send('HEAD', `${base}/blobs/${digest}`))), [404, 404]);
		for (const [digest, body] of blobs) {
			const begun = await send('POST', `${base}/blobs/uploads/`);
			t.is((await send('PUT', withDigest(locationOf(begun), digest), {body})).status, 201);
			const seen = await onBoth(() => send('HEAD', `${base}/blobs/${digest}`));
			t.deepEqual(statuses(seen), [200, 200]);
			t.true(alternate(seen));
		}
		t.is((await send('PUT', `${base}/manifests/main`, {body: manifest, 'Content-Type': manifestType})).status, 201);
		for (const reference of ['main', sha256(manifest)]) {
			const read = await onBoth(() => send('GET', `${base}/manifests/${reference}`, {Accept: manifestType}));
			t.true(alternate(read));
			for (const {status, bytes} of read) t.deepEqual([status, bytes], [200, manifest]);
		}
	}

	t.is((await send('PUT', `${base}/manifests/next`, {body: push.manifest, 'Content-Type': manifestType})).status, 201);
	for (const {bytes} of await onBoth(() => send('GET', `${base}/tags/list`)))
		t.deepEqual(JSON.parse(bytes.toString()).tags, ['main', 'next']);
	t.is((await send('DELETE', `${base}/manifests/next`)).status, 202);
	for (const {bytes} of await onBoth(() => send('GET', `${base}/tags/list`))) t.deepEqual(JSON.parse(bytes.toString()).tags, ['main']);
	t.deepEqual(statuses(await onBoth(() => send('GET', `${base}/manifests/next`, {Accept: manifestType}))), [404, 404]);
});

test('what a dying replica had taken haproxy gives to the other: manifests and configs up to 1 MiB, not layers', async t => {
	const {send, replicas} = await start(t);
	const [victim] = replicas as [RegistryServer];
	const random = createRandom();
	const manifests = [1, 2].map(number => createPush('team/app', `main-${number}`, []));
	const [configs, layers] = [1_000_000, 3_000_000].map(size => [random.bytes(size), random.bytes(size)]) as [Buffer[], Buffer[]];
	const begin = () => send('POST', '/v2/team/app/blobs/uploads/');
	for (const body of manifests.flatMap(({blobs}) => [...blobs.values()]))
		t.is((await send('PUT', withDigest(locationOf(await begin()), sha256(body)), {body})).status, 201);
	const puts = [
		...manifests.map(({tag, manifest: body}) => ({path: `/v2/team/app/manifests/${tag}`, body})),
		...(await Promise.all([...configs, ...layers].map(async body => ({path: withDigest(locationOf(await begin()), sha256(body)), body})))),
	];

	// It takes connections and bytes, and answers nothing more. Of each pair it gets one.
	process.kill(victim.pid, 'SIGSTOP');
	const answers: Promise<Sent>[] = [];
	for (let pair = 1; pair <= 3; pair += 1) {
		const both = puts.slice(answers.length, pair * 2).map(({path, body}) => send('PUT', path, {body, 'Content-Type': manifestType}));
		answers.push(...both);
		t.is((await Promise.any(both)).status, 201);
		await until('the other request to lie unread', async () => (await unreadRequests(victim)) === pair);
	}
	await victim.kill9();

	const outcomes = (await Promise.allSettled(answers)).map(end =>
		end.status === 'fulfilled' ? `${end.value.status} ${end.value.replica}` : 'cut',
	);
	t.log(outcomes.join(', '));
	t.deepEqual(outcomes.slice(0, 4), Array(4).fill('201 replica2'));
	t.is(outcomes.slice(4).filter(outcome => outcome === '201 replica2').length, 1);
});

/** Connections to a server with a request that it has not read. */
const unreadRequests = async ({host}: RegistryServer) => {
	const port = Number(host.split(':')[1]).toString(16).toUpperCase().padStart(4, '0');
	const rows = (await readFile('/proc/net/tcp', 'utf8')).split('\n').map(line => line.trim().split(/\s+/));
	const unread = rows.map(([, local, , state, queues]) =>
		local?.endsWith(`:${port}`) && state === '01' ? Number.parseInt(queues?.split(':')[1] ?? '', 16) : 0,
	);
	return unread.filter(bytes => bytes > largestCheckBytes).length;
};

// Those of haproxy, which asks whether it is ready.
const largestCheckBytes = 100;

test('layers are sent to the store through haproxy, too', async t => {
	// MinIO does not pass the look at it.
	const {replicas, proxy} = await start(t, {LAYERCACHE_REDIRECT_UPLOADS: 'unsafe'});
	const context = await createContext(t);
	const ref = `${proxy.host}/team/app:cache`;
	const {packed} = await cacheBuild(t, {context, cacheTo: [`type=registry,ref=${ref},mode=max`]});
	const metrics = (await Promise.all(replicas.map(async ({url}) => (await fetch(`${url}/metrics`)).text()))).join('');
	t.log([...metrics.matchAll(/^layercache_uploads_total.*$/gm)].join('\n'));
	t.regex(metrics, /^layercache_uploads_total\{way="redirected",reason=""\} [1-9]/m);
	t.deepEqual(metrics.match(/^layercache_http_requests_total\{kind="upload\.finish",method="PUT",status="(?:499|5\d\d)"\}.*$/gm), null);
	await everyStepIsCached(t, {context, cacheFrom: fromRegistry(ref), packed});
});

const bigBytes = 120_000_000;

for (let round = 1; round <= rounds; round += 1) {
	test(`a replica killed amid layers fails neither the export nor the import, round ${round}`, async t => {
		t.timeout(300_000);
		const random = createRandom();
		t.log(`E2E_SEED=${random.seed}`);
		const {storage, replicas, proxy} = await start(t);
		const context = await createContext(t, {bigBytes});
		const ref = `${proxy.host}/team/app:cache`;

		const killed = killAmidUpload(replicas, 5_000_000 + random.fraction() * (bigBytes - 20_000_000));
		const {ran, packed} = await cacheBuild(t, {
			context,
			// Uncompressed, since gzip would take longer than the upload.
			cacheTo: [`type=registry,ref=${ref},mode=max,compression=uncompressed,force-compression=true`],
		});
		t.deepEqual(ran, allSteps);
		t.log(`killed ${await killed}`);
		const cut = (await proxy.log()).split('\n').filter(isCutUpload);
		t.log(cut.join('\n'));
		t.true(cut.length > 0);

		await everyStepIsCached(t, {context, cacheFrom: fromRegistry(ref), packed});
		const {wrong, read} = await readWholeBucket(storage, 'team/app');
		t.deepEqual(wrong, []);
		t.log(`${read} blobs and manifests read`);
	});
}

/** A line of haproxy's log about an upload that was not answered with 201. */
const isCutUpload = (line: string) => {
	const [, status] = / (-?\d+) \d+ - - .* "PUT \/v2\/team\/app\/blobs\/uploads\//.exec(line) ?? [];
	return status !== undefined && status !== '201';
};

/** Kills the first replica that has read so much, which only layers bring. */
const killAmidUpload = async (replicas: readonly RegistryServer[], bytes: number): Promise<string> => {
	const start = await Promise.all(replicas.map(readBytes));
	for (;;) {
		for (const [index, replica] of replicas.entries()) {
			const read = (await readBytes(replica)) - (start[index] ?? 0);
			if (read < bytes) continue;
			await replica.kill9();
			return `replica${index + 1} after ${(read / 1e6).toFixed()} MB`;
		}
		await delay(2);
	}
};

/** Sockets and files together. */
const readBytes = async ({pid}: RegistryServer) => Number(/^rchar: (\d+)$/m.exec(await readFile(`/proc/${pid}/io`, 'utf8'))?.[1]);
