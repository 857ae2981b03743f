/** What a push and an import cost at S3, counted: as BuildKit does them on the wire, against the double. */
import test, {type ExecutionContext} from 'ava';
import {cacheConfigMediaType} from '../../src/cache/cacheDocument.ts';
import {startApp} from '../support/app.ts';
import {importCache as importDerived, layerDigest, pushCache} from '../support/caches.ts';
import {type Client, describe, imageOf} from '../support/client.ts';
import {costOf} from '../support/s3Cost.ts';
import {type S3Double, startS3Double} from '../support/s3Double.ts';
import {openStoreOn} from '../support/s3DoubleStore.ts';

const layerType = 'application/vnd.oci.image.layer.v1.tar+gzip';
const manifestType = 'application/vnd.oci.image.manifest.v1+json';
const importerAccept = [manifestType, 'application/vnd.oci.image.index.v1+json', '*/*'].join(', ');
const pusherAccept = (type: string) => ({Accept: `${type}, */*`});

const layersOf = (edition: string, count = 10) => Array.from({length: count}, (_, at) => `${edition}, layer ${at}`);
const config = '{"layers":[],"records":[]}';

/** BuildKit: layers four at a time, then the config, then the tag. Answers what it had to send. */
const exportCache = async (client: Client, layers: readonly string[], tag = 'main'): Promise<string[]> => {
	const sent: string[] = [];
	const push = async (bytes: string, type: string) => {
		const {digest} = describe(bytes);
		const {status} = await client.head(`/v2/ci/app/blobs/${digest}`, pusherAccept(type));
		if (status === 200) return;
		sent.push(bytes);
		await client.pushBlob('ci/app', bytes);
	};
	const waiting = [...layers];
	const worker = async () => {
		for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) await push(next, layerType);
	};
	await Promise.all([worker(), worker(), worker(), worker()]);
	await push(config, cacheConfigMediaType);
	const manifest = imageOf(
		describe(config, cacheConfigMediaType),
		layers.map(layer => describe(layer)),
	);
	const {status, headers} = await client.head(`/v2/ci/app/manifests/${tag}`, pusherAccept(manifestType));
	if (status === 200 && headers.get('docker-content-digest') === describe(JSON.stringify(manifest)).digest) return sent;
	sent.push(tag);
	await client.putManifest('ci/app', tag, manifest);
	return sent;
};

/** BuildKit: the tag, what it points at, the config, and the layers it needs. */
const importCache = async (client: Client, layers: readonly string[], tag = 'main'): Promise<number[]> => {
	const head = await client.head(`/v2/ci/app/manifests/${tag}`, {Accept: importerAccept});
	const answers = [
		head,
		await client.get(`/v2/ci/app/manifests/${head.headers.get('docker-content-digest')}`),
		await client.get(`/v2/ci/app/blobs/${describe(config).digest}`, pusherAccept(cacheConfigMediaType)),
		...(await Promise.all(layers.map(layer => client.head(`/v2/ci/app/blobs/${describe(layer).digest}`)))),
	];
	return answers.map(({status}) => status);
};

const startReplica = async (t: ExecutionContext, double: S3Double, policy?: string) => {
	const {client} = await startApp(t, {store: openStoreOn(t, double), policy});
	return {
		client,
		/** What `work` asked of S3. */
		costOf: <T>(work: (client: Client) => Promise<T>) => costOf(double, () => work(client)),
	};
};

test('an export of ten layers is one listing of blobs and one of tombstones, a PUT for each blob and document, and one look at the tag', async t => {
	const double = await startS3Double(t);
	const {costOf} = await startReplica(t, double);
	const {result, counts} = await costOf(client => exportCache(client, layersOf('first')));
	t.is(result.length, 12);
	t.deepEqual(counts, {ListObjectsV2: 2, PutObject: 13, GetObject: 1});
});

test('an unchanged export asks for nothing but the tag; a cold replica lists twice, and reads the manifest', async t => {
	const double = await startS3Double(t);
	const warm = await startReplica(t, double);
	const cold = await startReplica(t, double);
	const layers = layersOf('first');
	await exportCache(warm.client, layers);
	t.deepEqual(await warm.costOf(client => exportCache(client, layers)), {result: [], counts: {GetObject: 1}});
	t.deepEqual(await cold.costOf(client => exportCache(client, layers)), {result: [], counts: {ListObjectsV2: 2, GetObject: 2}});
});

test('an export that changes two of ten layers sends those, the manifest and the tag', async t => {
	const double = await startS3Double(t);
	const {client, costOf} = await startReplica(t, double);
	await exportCache(client, layersOf('first'));
	const layers = [...layersOf('first', 8), ...layersOf('second', 2)];
	const {result, counts} = await costOf(client => exportCache(client, layers));
	t.is(result.length, 3);
	// Absence is looked for afresh: readers of the first push's time were told otherwise.
	t.is(counts.PutObject, 4);
	t.is(counts.GetObject, 1);
	t.true((counts.ListObjectsV2 ?? 0) <= 1);
	t.is(counts.HeadObject, undefined);
});

test('an import by a cold replica asks four times, by a warm one twice', async t => {
	const double = await startS3Double(t);
	const first = await startReplica(t, double);
	const cold = await startReplica(t, double);
	const layers = layersOf('first');
	await exportCache(first.client, layers);
	const found = Array(13).fill(200);
	t.deepEqual(await cold.costOf(client => importCache(client, layers)), {result: found, counts: {GetObject: 3, ListObjectsV2: 1}});
	t.deepEqual(await cold.costOf(client => importCache(client, layers)), {result: found, counts: {GetObject: 2}});
});

test('an import of a repaired cache costs a warm replica nothing more once that is made', async t => {
	const double = await startS3Double(t);
	const {client, costOf} = await startReplica(t, double);
	await pushCache(client, 'ci/app', 'main', {steps: layersOf('first')});
	await client.delete(`/v2/ci/app/blobs/${layerDigest('first, layer 3')}`);
	const making = await costOf(client => importDerived(client, 'ci/app', 'main'));
	t.is(making.result.derived, 'repaired');
	// The manifest and its pointer.
	t.is(making.counts.PutObject, 2);
	const {result, counts} = await costOf(client => importDerived(client, 'ci/app', 'main'));
	t.is(result.derived, 'repaired');
	t.deepEqual(counts, {GetObject: 2});
});

const derivations: readonly [what: string, policy: string, more: Record<string, number>][] = [
	['a union of many tags', 'refs: [{match: "ci/**:main", union: ["main", "main-*"]}]', {ListObjectsV2: 1}],
	['a union of two other tags', 'refs: [{match: "ci/**:main", union: ["main-1", "main-2"]}]', {GetObject: 2}],
	[
		'a union of tags with different beginnings',
		'refs: [{match: "ci/**:main", union: ["main-1", "main-2", "a-*", "b-*"]}]',
		{ListObjectsV2: 1},
	],
	[
		'a union in a repository with tags that merge',
		'refs: [{match: "ci/**:main", union: ["main-*"]}, {match: "ci/**:main-2", onPush: merge}]',
		{ListObjectsV2: 2},
	],
	['a tag that merges', 'refs: [{match: "ci/**:main", onPush: merge}]', {ListObjectsV2: 1}],
];
for (const [what, policy, more] of derivations) {
	test(`an import of ${what} costs a warm replica at most two requests more once it is made`, async t => {
		const double = await startS3Double(t);
		const {client, costOf} = await startReplica(t, double, policy);
		for (const edition of ['main', 'main-1', 'main-2']) {
			await pushCache(client, 'ci/app', edition, {steps: [edition]});
			await pushCache(client, 'ci/app', 'main', {steps: [edition, 'another']});
		}
		t.true((await importDerived(client, 'ci/app', 'main')).steps.length > 2);
		const {result, counts} = await costOf(client => importDerived(client, 'ci/app', 'main'));
		t.is(result.derived, 'union');
		const {GetObject = 0, ...others} = more;
		t.deepEqual(counts, {GetObject: 2 + GetObject, ...others});
	});
}

test('an import by a chain costs one look at each tag on the way', async t => {
	const double = await startS3Double(t);
	const {client, costOf} = await startReplica(t, double);
	await pushCache(client, 'ci/app', 'main', {steps: ['one']});
	const {result, counts} = await costOf(client => importDerived(client, 'ci/app', 'feature..main'));
	t.is(result.derived, 'fallback');
	t.deepEqual(counts, {GetObject: 4});
});

test('two replicas at one tag: each sees the other at once, and one swap is repeated at the most', async t => {
	const double = await startS3Double(t);
	const a = await startReplica(t, double);
	const b = await startReplica(t, double);
	await exportCache(a.client, layersOf('first'));
	await exportCache(b.client, layersOf('second'));
	await exportCache(a.client, layersOf('third'));
	const digestOf = async ({client}: typeof a) => (await client.head('/v2/ci/app/manifests/main')).headers.get('docker-content-digest');
	t.is(await digestOf(a), await digestOf(b));
	const tag = JSON.parse(double.bucket.get('repos/ci/app/_tags/main').bytes.toString());
	t.is(tag.previous.length, 2);
});

test('a manifest that arrives at a replica which has seen none of its layers is checked with one listing of blobs and one of tombstones', async t => {
	const double = await startS3Double(t);
	const a = await startReplica(t, double);
	const b = await startReplica(t, double);
	const layers = layersOf('first');
	for (const layer of [...layers, config]) await a.client.pushBlob('ci/app', layer);
	const manifest = imageOf(
		describe(config, 'application/vnd.oci.image.config.v1+json'),
		layers.map(layer => describe(layer)),
	);
	const {result, counts} = await b.costOf(client => client.putManifest('ci/app', 'image', manifest));
	t.is(result.status, 201);
	t.deepEqual(counts, {ListObjectsV2: 2, PutObject: 2, GetObject: 1});
});
