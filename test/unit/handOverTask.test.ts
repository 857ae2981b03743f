/** What is made of an entry of the queue, where pushes and workers overtake one another. */
import test, {type ExecutionContext} from 'ava';
import {type Digest, digestOf, mediaTypes, OciError, parseTag, type RepositoryName} from 'oci-spec-types';
import {parsePolicy} from '../../src/config/policy.ts';
import type {Registry} from '../../src/registry/registry.ts';
import {createMemoryStore} from '../../src/storage/memory.ts';
import {createHandOver} from '../../src/upstream/handOver.ts';
import {createHandOverTask} from '../../src/upstream/handOverTask.ts';
import {createQueue} from '../../src/upstream/queue.ts';
import {createRouting} from '../../src/upstream/routing.ts';
import {storedRegistryOn} from '../support/registries.ts';
import {keysOf} from '../support/stores.ts';
import {createUpstream, imageOfWord, pushThere, team, v1} from '../support/upstreams.ts';

const createRoom = (route = '') => {
	const store = createMemoryStore();
	const from = storedRegistryOn(store, {wait: async () => undefined});
	const upstream = createUpstream();
	const policy = parsePolicy(
		`upstreams: {there: {url: "https://there.example"}}\nroutes: [{match: "team/**:*", upstream: there, images: queued${route}}]`,
		'p',
	);
	const routing = createRouting(
		() => policy,
		() => upstream.registry,
	);
	const queue = createQueue(store, {holder: 'test'});
	const work = createHandOverTask({from, routing, handOver: createHandOver(from), queue});
	const push = async (word: string, tags = [v1]) => (await pushThere(from, word, tags)).digest;
	return {store, from, upstream, queue, work, push};
};

test('a worker that was overtaken moves no tag back: the last push has it in the end', async t => {
	const {store, upstream, queue, work, push} = createRoom();
	const one = await push('one');
	const [arrived, released] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
	upstream.faults.putManifest = async (...given) => {
		if (digestOf(given[1].bytes) === one) {
			arrived.resolve();
			await released.promise;
		}
		return upstream.kept.putManifest(...given);
	};
	const slow = work({repo: team, tag: v1, digest: one});
	await arrived.promise;
	const two = await push('two');
	await work({repo: team, tag: v1, digest: two});
	t.is(await upstream.digestAt(v1), two);
	released.resolve();
	await slow;
	t.is(await upstream.digestAt(v1), one);
	t.true(await queue.has(team, v1, two));
	await work({repo: team, tag: v1, digest: two});
	t.is(await upstream.digestAt(v1), two);
	t.is((await keysOf(store, 'handovers/')).length, 1);
});

test('a manifest whose tag was pushed to since goes by its digest, and its tag is left to the later push', async t => {
	const {upstream, queue, work, push} = createRoom();
	const one = await push('one');
	const two = await push('two');
	await queue.add(team, two, [v1]);
	t.deepEqual(await work({repo: team, tag: v1, digest: one}), {to: 'there'});
	t.is(await upstream.digestAt(one), one);
	t.is(await upstream.digestAt(v1), undefined);
});

test('a tag that retention has let go here goes there all the same, and what was deleted is let be', async t => {
	const {from, upstream, work, push} = createRoom();
	const one = await push('one');
	await from.deleteTag(team, v1);
	t.deepEqual(await work({repo: team, tag: v1, digest: one}), {to: 'there'});
	t.is(await upstream.digestAt(v1), one);
	t.deepEqual(await work({repo: team, tag: v1, digest: imageOfWord('never pushed').digest}), {});
});

test('without a tag it goes where images of its repository go', async t => {
	const {upstream, work, push} = createRoom();
	const one = await push('one', []);
	t.deepEqual(await work({repo: team, digest: one}), {to: 'there'});
	t.is(await upstream.digestAt(one), one);
});

test('where no route leads anywhere any more, that is said', async t => {
	const {work} = createRoom();
	const error = await t.throwsAsync(work({repo: 'elsewhere/app' as RepositoryName, tag: parseTag('v1'), digest: imageOfWord('x').digest}), {
		instanceOf: OciError,
	});
	t.regex(error.message, /no route of the policy leads to an upstream for it any more/);
});

test('two images with one base that are handed over at once send it once', async t => {
	const {from, upstream, work} = createRoom();
	const images = await Promise.all(['one', 'two'].map(word => pushBased(from, word)));
	await Promise.all(images.map(digest => work({repo: team, tag: parseTag(`t-${digest.slice(7, 15)}`), digest})));
	t.is(upstream.asked.filter(name => name === 'putBlob').length, 3);
	await assertThere(t, upstream.kept, images);
});

/** A config of its own, a layer that both have. */
const pushBased = async (registry: Registry, word: string): Promise<Digest> => {
	const [config, layer] = [Buffer.from(JSON.stringify({author: word})), Buffer.from('the base')];
	for (const bytes of [config, layer])
		await registry.putBlob(
			team,
			digestOf(bytes),
			(async function* () {
				yield bytes;
			})(),
		);
	const manifest = {
		schemaVersion: 2,
		mediaType: mediaTypes.ociManifest,
		config: {mediaType: mediaTypes.ociConfig, digest: digestOf(config), size: config.length},
		layers: [{mediaType: mediaTypes.ociLayerGzip, digest: digestOf(layer), size: layer.length}],
	};
	return (await registry.putManifest(team, {bytes: Buffer.from(JSON.stringify(manifest)), mediaType: mediaTypes.ociManifest}, {tags: []}))
		.digest;
};

const assertThere = async (t: ExecutionContext, registry: Registry, digests: readonly Digest[]) => {
	for (const digest of digests) t.is((await registry.getManifest(team, digest)).digest, digest);
};
