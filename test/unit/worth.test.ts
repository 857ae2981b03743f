import test from 'ava';
import {type Digest, digestOf, mediaTypes, parseRepositoryName, parseTag} from 'oci-spec-types';
import {type CacheDocument, toManifest} from '../../src/cache/cacheDocument.ts';
import {dayOf} from '../../src/lib/days.ts';
import {holdersIn} from '../../src/refs/holders.ts';
import {keys} from '../../src/registry/keys.ts';
import type {LayerUsage} from '../../src/usage/usage.ts';
import {deadWeight} from '../../src/worth/deadWeight.ts';
import {describeRef} from '../../src/worth/describeRef.ts';
import {diffRefs} from '../../src/worth/diffRefs.ts';
import type {WorthGround} from '../../src/worth/ground.ts';
import {nearDuplicates} from '../../src/worth/nearDuplicates.ts';
import {readRefContent} from '../../src/worth/refContent.ts';
import {layerDigest, layerOf, recordDigest} from '../support/caches.ts';
import {createFilledStore} from '../support/filledStore.ts';
import {layerDescriptor, named} from '../support/generatedCaches.ts';
import {realCache} from '../support/realCaches.ts';

const day = 24 * 60 * 60 * 1000;
const repo = 'ci/app';
const app = parseRepositoryName(repo);
type Filled = ReturnType<typeof createFilledStore>;

const groundOf = async ({inventory, now}: Filled, fetched: Readonly<Record<Digest, readonly Date[]>> = {}): Promise<WorthGround> => {
	const walked = await inventory(repo);
	const usageOf = (times: readonly Date[] = []): LayerUsage => ({
		fetches: times.length,
		bytes: 0,
		...(times.length > 0 && {lastFetched: new Date(Math.max(...times.map(Number)))}),
		days: times.map(time => ({day: dayOf(time), fetches: 1, bytes: 0})),
	});
	return {inventory: walked, holdersOf: holdersIn(walked, []), usage: {get: digest => usageOf(fetched[digest])}, now: now()};
};

const contentOf = ({store}: Filled, {inventory}: WorthGround, name: string) => {
	const tag = parseTag(name);
	const entry = inventory.tags.get(tag);
	const heads = inventory.heads.filter(head => head.tag === tag);
	return readRefContent(store, {repo: app, tag, digests: [...(entry ? [entry.digest] : []), ...heads.map(({digest}) => digest)]});
};

const sizeOf = (...steps: readonly string[]) => steps.reduce((sum, step) => sum + layerOf(step).length, 0);

/** A build of three steps on top of one another, the last of which is its result. */
const chain = ({created = '2026-11-01T10:00:00Z', name = 'chain'} = {}): CacheDocument => {
	const steps = ['base', 'compile', 'package'].map(step => `${name} ${step}`);
	return {
		form: 'manifest',
		types: 'oci',
		config: {
			layers: steps.map((step, at) => ({blob: named(step), parent: at - 1})),
			records: steps.map((step, at) => ({
				digest: recordDigest(step),
				results: [{layer: at, createdAt: created}],
				chains: [],
				inputs: at === 0 ? [] : [[{link: at - 1}]],
			})),
		},
		layers: steps.map((step, at) => layerDescriptor(named(step), 100 * (at + 1))),
	};
};

test('a layer tells which other refs keep it alive, and which it goes with', async t => {
	const filled = createFilledStore();
	await filled.push(repo, 'main', ['base', 'compile']);
	await filled.push(repo, 'pr-1', ['base', 'test']);
	await filled.push(repo, 'pr-0', ['base']);
	const ground = await groundOf(filled);
	const {layers} = describeRef(await contentOf(filled, ground, 'main'), ground, {recentDays: 7});
	t.deepEqual(
		layers.map(({sharedWith, exclusive}) => [sharedWith.join(' '), exclusive]),
		[
			['pr-0 pr-1', false],
			['', true],
		],
	);
});

test('a layer tells when it came, how often and when it was fetched, and whether it is gone', async t => {
	const filled = createFilledStore();
	await filled.push(repo, 'main', ['base', 'compile', 'gone']);
	filled.pass(30 * day);
	await filled.store.remove([keys.blob(app, layerDigest('gone'))]);
	const ago = (days: number) => new Date(filled.now().getTime() - days * day);
	const ground = await groundOf(filled, {[layerDigest('base')]: [ago(20), ago(6), ago(0)]});
	const {layers} = describeRef(await contentOf(filled, ground, 'main'), ground, {recentDays: 7});
	const [base, compile, gone] = layers;
	t.like(base, {fetches: 3, recentFetches: 2, lastFetchedAt: ago(0).toISOString(), storedAt: '2026-11-01T00:00:00.000Z', present: true});
	t.like(compile, {fetches: 0, recentFetches: 0, lastFetchedAt: undefined, present: true});
	t.like(gone, {present: false, storedAt: undefined});
});

test('of a real cache each layer tells which steps need it, and which are lost without it', async t => {
	const filled = createFilledStore();
	const main = realCache('main');
	await filled.push(repo, 'main', toManifest(main));
	const ground = await groundOf(filled);
	const description = describeRef(await contentOf(filled, ground, 'main'), ground, {recentDays: 7});
	t.like(description, {kind: 'cache', form: 'manifest', records: 10, problems: []});
	t.is(description.layers.length, 7);
	const base = description.layers.reduce((a, b) => (b.size > a.size ? b : a));
	// Everything stands on the shell.
	t.is(base.neededBy.length, 7);
	t.is(base.lostWithout, 7);
	for (const {neededBy, uncompressed, createdAt} of description.layers) {
		t.true(neededBy.length > 0);
		t.truthy(uncompressed);
		t.regex(createdAt ?? '', /^2026-/);
		for (const step of neededBy) t.regex(step.createdAt ?? '', /^2026-/);
	}
});

test('a tag that merges is all of what was pushed to it and counts', async t => {
	const filled = createFilledStore();
	const pushes = [await filled.push(repo, 'one', ['base', 'amd64']), await filled.push(repo, 'two', ['base', 'arm64'])];
	for (const digest of pushes) await filled.store.write(keys.head(app, parseTag('shared'), digest), new Uint8Array());
	const ground = await groundOf(filled);
	const content = await contentOf(filled, ground, 'shared');
	t.deepEqual([...content.digests].sort(), [...pushes].sort());
	const {records, layers} = describeRef(content, ground, {recentDays: 7});
	t.is(records, 3);
	t.deepEqual(layers.map(({digest}) => digest).sort(), ['base', 'amd64', 'arm64'].map(layerDigest).sort());
});

test('what refers to a ref is kept alive by it', async t => {
	const filled = createFilledStore();
	const digest = await filled.push(repo, 'main', ['base']);
	const empty = Buffer.from('{}');
	await filled.store.write(keys.blob(app, digestOf(empty)), empty);
	const config = {mediaType: mediaTypes.ociEmpty, digest: digestOf(empty), size: empty.length};
	const subject = {mediaType: mediaTypes.ociManifest, digest, size: 1};
	const signature = Buffer.from(
		JSON.stringify({
			schemaVersion: 2,
			mediaType: mediaTypes.ociManifest,
			artifactType: 'application/x-signature',
			config,
			layers: [],
			subject,
		}),
	);
	await filled.registry.putManifest(app, {bytes: signature, mediaType: mediaTypes.ociManifest}, {tags: []});
	const {holdersOf} = await groundOf(filled);
	for (const kept of [digest, digestOf(signature), digestOf(empty)]) t.deepEqual(holdersOf(kept), ['main' as never]);
	t.deepEqual(holdersOf(named('nobody')), []);
});

test('a config that is no cache is a problem that is named', async t => {
	const filled = createFilledStore();
	const broken = {...toManifest(chain()), config: Buffer.from('{"layers": 7}')};
	const manifest = JSON.parse(Buffer.from(broken.manifest).toString());
	manifest.config = {...manifest.config, digest: digestOf(broken.config), size: broken.config.length};
	await filled.push(repo, 'broken', {manifest: Buffer.from(JSON.stringify(manifest)), config: broken.config});
	const ground = await groundOf(filled);
	const {kind, problems, layers, records} = describeRef(await contentOf(filled, ground, 'broken'), ground, {recentDays: 7});
	t.deepEqual([kind, layers.length, records], ['cache', 3, 0]);
	t.regex(problems.join(), /is no cache that BuildKit would import: its list of layers/);
});

test('two editions of a real build have in common what BuildKit takes for the same', async t => {
	const filled = createFilledStore();
	const [main, branch] = [realCache('main'), realCache('branch')];
	await filled.push(repo, 'main', toManifest(main));
	await filled.push(repo, 'branch', toManifest(branch));
	const ground = await groundOf(filled);
	const diff = diffRefs(await contentOf(filled, ground, 'main'), await contentOf(filled, ground, 'branch'));
	const digests = (cache: CacheDocument) => new Set(cache.layers.map(({digest}) => digest));
	const common = digests(main).intersection(digests(branch));
	t.deepEqual(new Set(diff.layers.both.map(({digest}) => digest)), common);
	t.is(diff.layers.onlyA.length + common.size, digests(main).size);
	t.is(diff.layers.onlyB.length + common.size, digests(branch).size);
	t.is(
		diff.bytes.both + diff.bytes.onlyA,
		main.layers.reduce((sum, {size}) => sum + size, 0),
	);
	// Their union has 15 records, each of them 10.
	t.deepEqual([diff.records.both.length, diff.records.onlyA.length, diff.records.onlyB.length], [5, 5, 5]);

	const same = diffRefs(await contentOf(filled, ground, 'main'), await contentOf(filled, ground, 'main'));
	t.deepEqual([same.layers.onlyA, same.records.onlyA, same.bytes.onlyB], [[], [], 0]);
});

test('one line of a Dockerfile on two bases is two steps, though it has one digest', async t => {
	const onBase = (base: string): CacheDocument => {
		const {config, ...rest} = chain({name: base});
		return {
			...rest,
			config: {...config, records: config.records.map((record, at) => (at === 0 ? record : {...record, digest: named(`RUN ${at}`)}))},
		};
	};
	const filled = createFilledStore();
	await filled.push(repo, 'jammy', toManifest(onBase('jammy')));
	await filled.push(repo, 'noble', toManifest(onBase('noble')));
	const ground = await groundOf(filled);
	const [jammy, noble] = [await contentOf(filled, ground, 'jammy'), await contentOf(filled, ground, 'noble')];
	t.deepEqual(diffRefs(jammy, noble).records.both, []);
	t.deepEqual(nearDuplicates(app, [jammy, noble]).steps, []);
});

test('dead weight is what was not fetched for so long, and has been there for as long', async t => {
	const filled = createFilledStore();
	await filled.push(repo, 'main', ['fetched', 'forgotten', 'never']);
	filled.pass(30 * day);
	await filled.push(repo, 'other', ['never']);
	await filled.store.write(keys.blob(app, layerDigest('never')), Buffer.from(layerOf('never')));
	filled.pass(10 * day);
	const ago = (days: number) => new Date(filled.now().getTime() - days * day);
	const ground = await groundOf(filled, {[layerDigest('fetched')]: [ago(3)], [layerDigest('forgotten')]: [ago(15)]});
	const content = await contentOf(filled, ground, 'main');
	const digestsAfter = (days: number) => deadWeight(content, ground, {days})?.unfetched.layers.map(({digest}) => digest);
	t.deepEqual(digestsAfter(14), [layerDigest('forgotten')]);
	t.deepEqual(digestsAfter(7), [layerDigest('forgotten'), layerDigest('never')]);
	const {unfetched} = deadWeight(content, ground, {days: 7}) ?? {};
	t.like(unfetched, {bytes: sizeOf('forgotten', 'never'), exclusiveBytes: sizeOf('forgotten'), records: 2});
	t.is(unfetched?.layers[0]?.lastFetchedAt, ago(15).toISOString());
});

test('mode=min keeps the layers of the last step and what they stand on, and loses what only earlier steps need', async t => {
	const filled = createFilledStore();
	// The last step copies out of the second one: nothing of that is below its result.
	const {config, ...rest} = chain();
	const staged: CacheDocument = {
		...rest,
		config: {...config, layers: config.layers.map((layer, at) => (at === 2 ? {...layer, parent: -1} : layer))},
	};
	await filled.push(repo, 'staged', toManifest(staged));
	await filled.push(repo, 'flat', toManifest(chain({name: 'flat'})));
	const ground = await groundOf(filled);
	const weigh = async (tag: string) => deadWeight(await contentOf(filled, ground, tag), ground, {days: 7});
	t.like((await weigh('staged'))?.modeMin, {bytes: 100 + 200, exclusiveBytes: 300, records: 2});
	// Each stands on the one before: the records lose their results, and no byte is saved.
	t.like((await weigh('flat'))?.modeMin, {layers: [], bytes: 0, records: 2});
});

test('a last step without a result gives way to those before it, as BuildKit exports them', async t => {
	const filled = createFilledStore();
	const {config, ...rest} = chain();
	const bare: CacheDocument = {
		...rest,
		config: {...config, records: config.records.map((record, at) => (at === 2 ? {...record, results: []} : record))},
	};
	await filled.push(repo, 'bare', toManifest(bare));
	const ground = await groundOf(filled);
	const {modeMin} = deadWeight(await contentOf(filled, ground, 'bare'), ground, {days: 7}) ?? {};
	// The second step's layers are kept, the first step's lie below them; the third's nobody needs.
	t.like(modeMin, {bytes: 300, records: 1});
});

test('dropping the records of a dead layer takes what stands on it, and what is below it only where nobody else needs that', async t => {
	const filled = createFilledStore();
	await filled.push(repo, 'main', toManifest(chain()));
	filled.pass(30 * day);
	const layer = (step: string) => named(`chain ${step}`);
	const ground = await groundOf(filled, {[layer('base')]: [filled.now()], [layer('package')]: [filled.now()]});
	const {withoutRecords, unfetched} = deadWeight(await contentOf(filled, ground, 'main'), ground, {days: 7}) ?? {};
	t.deepEqual(
		unfetched?.layers.map(({digest}) => digest),
		[layer('compile')],
	);
	t.deepEqual(
		withoutRecords?.layers.map(({digest}) => digest),
		[layer('compile'), layer('package')],
	);
	t.like(withoutRecords, {bytes: 500, records: 2});
});

test('of a real cache mode=min saves what is in no layer of the last step', async t => {
	const filled = createFilledStore();
	const main = realCache('main');
	await filled.push(repo, 'main', toManifest(main));
	const ground = await groundOf(filled);
	const {modeMin} = deadWeight(await contentOf(filled, ground, 'main'), ground, {days: 7}) ?? {};
	// The result of the record that nothing links to, a308…, is layer 4: on 1, 5, 3 and the shell.
	const kept = [4, 1, 5, 3, 0].map(at => main.config.layers[at]?.blob as Digest);
	t.deepEqual(new Set(modeMin?.layers.map(({digest}) => digest)), new Set(main.layers.map(({digest}) => digest)).difference(new Set(kept)));
	t.is(modeMin?.layers.length, 2);
});

test('one content in several compressions is found, and what all but the smallest take', async t => {
	const filled = createFilledStore();
	const gzip = chain();
	const [first, ...others] = gzip.layers;
	const zstd = {...layerDescriptor(named('the base, zstd'), 60), mediaType: mediaTypes.ociLayerZstd, annotations: first?.annotations ?? {}};
	const packed: CacheDocument = {
		...gzip,
		config: {...gzip.config, layers: gzip.config.layers.map((layer, at) => (at === 0 ? {...layer, blob: zstd.digest} : layer))},
		layers: [zstd, ...others],
	};
	await filled.push(repo, 'gzip', toManifest(gzip));
	await filled.push(repo, 'zstd', toManifest(packed));
	const ground = await groundOf(filled);
	const contents = [await contentOf(filled, ground, 'gzip'), await contentOf(filled, ground, 'zstd')];
	const {compressions} = nearDuplicates(app, contents);
	t.is(compressions.length, 1);
	t.like(compressions[0], {uncompressed: first?.annotations?.['containerd.io/uncompressed'], wastedBytes: 100});
	t.deepEqual(
		compressions[0]?.copies.map(({digest, tags}) => [digest, tags]),
		[
			[zstd.digest, ['zstd' as never]],
			[first?.digest, ['gzip' as never]],
		],
	);
	t.is(diffRefs(contents[0] as never, contents[1] as never).layers.onlyA[0]?.twin, zstd.digest);
});

test('one step that was run twice is found, with the layers that only its older results have', async t => {
	const filled = createFilledStore();
	const rerun = (suffix: string, created: string): CacheDocument => {
		const {config, layers, ...rest} = chain({created});
		const again = named(`package, ${suffix}`);
		return {
			...rest,
			config: {...config, layers: config.layers.map((layer, at) => (at === 2 ? {...layer, blob: again} : layer))},
			layers: layers.map((layer, at) => (at === 2 ? layerDescriptor(again, 300) : layer)),
		};
	};
	await filled.push(repo, 'older', toManifest(rerun('older', '2026-11-01T10:00:00Z')));
	await filled.push(repo, 'newer', toManifest(rerun('newer', '2026-11-02T10:00:00Z')));
	const ground = await groundOf(filled);
	const {steps} = nearDuplicates(app, [await contentOf(filled, ground, 'older'), await contentOf(filled, ground, 'newer')]);
	t.is(steps.length, 1, 'the base and the compiler have the same layers, whatever their dates');
	t.like(steps[0], {record: recordDigest('chain package'), wastedBytes: 300});
	t.deepEqual(
		steps[0]?.results.map(({tags, createdAt}) => [tags, createdAt]),
		[
			[['newer' as never], '2026-11-02T10:00:00Z'],
			[['older' as never], '2026-11-01T10:00:00Z'],
		],
	);
});

test('what has no cache has no dead weight, and what is gone is named', async t => {
	const filled = createFilledStore();
	await filled.push(repo, 'main', ['base']);
	const ground = await groundOf(filled);
	const gone = await readRefContent(filled.store, {repo: app, tag: parseTag('absent'), digests: [named('gone')]});
	t.like(gone, {kind: 'other', layers: [], problems: [`${keys.manifest(app, named('gone'))} is not there`]});
	const content = await contentOf(filled, ground, 'main');
	const {cache: _, ...image} = content;
	t.is(deadWeight({...image, kind: 'image'}, ground, {days: 7}), undefined);
});
