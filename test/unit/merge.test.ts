import test from 'ava';
import fc from 'fast-check';
import {type Digest, parseManifest} from 'oci-spec-types';
import {type CacheDocument, parseCacheDocument, toManifest} from '../../src/cache/cacheDocument.ts';
import {recordsInOrder} from '../../src/cache/cacheOrder.ts';
import {merge} from '../../src/cache/merge.ts';
import {createLookup, queriesOf} from '../support/buildkitModel.ts';
import {caches, layerDescriptor, named} from '../support/generatedCaches.ts';

const several = fc.array(caches(), {minLength: 1, maxLength: 4});
const choices = fc.infiniteStream(fc.nat());
const text = (document: CacheDocument) => {
	const {manifest, config} = toManifest(document);
	return `${Buffer.from(manifest)}\n${Buffer.from(config)}`;
};
const reread = (document: CacheDocument) => {
	const {manifest, mediaType, config} = toManifest(document);
	return parseCacheDocument(parseManifest(manifest, mediaType), config);
};

test('whatever is a hit in one of the sources is a hit in the union, with the same layers among its results', t => {
	fc.assert(
		fc.property(several, choices, (documents, stream) => {
			const choose = (count: number) => (stream.next().value as number) % count;
			const inUnion = createLookup(merge(documents));
			for (const document of documents) {
				const inSource = createLookup(document);
				for (const query of queriesOf(document, choose)) {
					const found = inUnion(query).map(String);
					for (const blobs of inSource(query)) if (!found.includes(String(blobs))) return false;
				}
			}
			return true;
		}),
		{numRuns: 2000},
	);
	t.pass();
});

test('a union has no step and no layers under a step that none of the sources has', t => {
	fc.assert(
		fc.property(several, documents => {
			const offered = new Set(documents.flatMap(({layers}) => layers.map(({digest}) => digest)));
			const all = (list: readonly CacheDocument[]) =>
				list.flatMap(document => {
					const everything = {...document, layers: [...offered].map(digest => layerDescriptor(digest))};
					const lookup = createLookup(everything);
					return queriesOf(document, () => 0).flatMap(query => lookup(query).map(blobs => `${query.digest} ${blobs}`));
				});
			const known = new Set(all(documents));
			return all([merge(documents)]).every(result => known.has(result));
		}),
		{numRuns: 500},
	);
	t.pass();
});

test('the order of the sources, and sources that come twice, make no difference to a byte', t => {
	const shuffled = several.chain(documents =>
		fc.tuple(fc.constant(documents), fc.shuffledSubarray([...documents, ...documents], {minLength: documents.length * 2})),
	);
	fc.assert(
		fc.property(shuffled, ([documents, others]) => text(merge(documents)) === text(merge(others))),
		{numRuns: 1000},
	);
	t.pass();
});

test('a union merged again, alone or with its sources, is that union', t => {
	fc.assert(
		fc.property(several, documents => {
			const union = merge(documents);
			return text(merge([union])) === text(union) && text(merge([union, ...documents])) === text(union);
		}),
		{numRuns: 1000},
	);
	t.pass();
});

/** Steps of one digest as far from the sources each: so that, as in any real build, none needs another of its own digest, in whichever cache. */
const inLevels = (document: CacheDocument): CacheDocument => {
	const {layers, records} = document.config;
	const levels: number[] = Array(records.length).fill(0);
	for (const at of recordsInOrder(records))
		levels[at] = Math.max(0, ...(records[at]?.inputs.flat() ?? []).map(({link}) => (levels[link] as number) + 1));
	return {
		...document,
		config: {layers, records: records.map((record, at) => ({...record, digest: named(`${record.digest} ${levels[at]}`)}))},
	};
};

test('unions of unions are the union of all', t => {
	fc.assert(
		fc.property(fc.array(caches('all').map(inLevels), {minLength: 2, maxLength: 4}), ([first, ...others]) => {
			const nested = merge([first as CacheDocument, merge(others)]);
			return text(nested) === text(merge([first as CacheDocument, ...others]));
		}),
		{numRuns: 1000},
	);
	t.pass();
});

test('what is written can be read: no index dangles, and every layer is there once', t => {
	fc.assert(
		fc.property(several, documents => {
			const union = merge(documents);
			const digests = union.layers.map(({digest}) => digest);
			return text(reread(union)) === text(union) && new Set(digests).size === digests.length;
		}),
		{numRuns: 1000},
	);
	t.pass();
});

const hostileDigest = (number: number) => `sha256:${number.toString(16).padStart(64, '0')}` as Digest;
const hostile = (config: CacheDocument['config'], layers: CacheDocument['layers'] = []): CacheDocument => ({
	...{form: 'manifest', types: 'oci', config, layers},
});
const record = (digest: number, ...inputs: {link: number}[][]) => ({digest: hostileDigest(digest), results: [], chains: [], inputs});

test('a config in which one step can be met in tens of thousands of ways is merged in moments', t => {
	const ways = (link: number) => Array.from({length: 60_000}, () => ({link}));
	const sources = [0, 1, 2, 3].map(number => record(number));
	const records = [...sources, record(9, [{link: 0}], [{link: 1}]), record(9, [{link: 3}], [{link: 2}]), record(9, ways(0), ways(2))];
	const before = process.cpuUsage();
	// The last meets each of the others at one input, and neither at both.
	t.is(merge([hostile({layers: [], records})]).config.records.length, 7);
	t.true(process.cpuUsage(before).user < 5e6);
});

test('a manifest that repeats a layer, once with much to say of it, is merged in moments', t => {
	const layer = {mediaType: 'a/b', digest: hostileDigest(1), size: 1};
	const layers = [{...layer, annotations: {note: '\u0001'.repeat(340_000)}}, ...Array.from({length: 15_000}, () => layer)];
	const config = {layers: [{blob: layer.digest, parent: -1}], records: [{...record(2), results: [{layer: 0}]}]};
	const before = process.cpuUsage();
	t.deepEqual(merge([hostile(config, layers)]).layers, layers.slice(0, 1));
	t.true(process.cpuUsage(before).user < 5e6);
});
