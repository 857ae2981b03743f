import test from 'ava';
import fc from 'fast-check';
import type {CacheConfig} from '../../src/cache/cacheConfig.ts';
import {type CacheDocument, toManifest} from '../../src/cache/cacheDocument.ts';
import {compact} from '../../src/cache/compact.ts';
import {merge} from '../../src/cache/merge.ts';
import {createLookup, queriesOf} from '../support/buildkitModel.ts';
import {cacheDocument, caches, named} from '../support/generatedCaches.ts';

const sizes = (document: CacheDocument) => {
	const {manifest, config} = toManifest(document);
	return {manifest: manifest.length, config: config.length};
};
const largest = (document: CacheDocument) => Math.max(...Object.values(sizes(document)));
const digestsOf = ({config}: CacheDocument) => config.records.map(({digest}) => digest).sort();
const empty = largest(cacheDocument({layers: [], records: []}));
const hitsOf = (document: CacheDocument, asked: CacheDocument) =>
	queriesOf(asked, () => 0).map(query => createLookup(document)(query).length > 0);

test('a document within the limit comes back as it is', t => {
	fc.assert(
		fc.property(caches(), document => compact(document, {limitBytes: largest(document)}).document === document),
		{numRuns: 200},
	);
	t.pass();
});

test('a document above the limit comes back within it, and what it has lost is named, each record and layer', t => {
	fc.assert(
		fc.property(fc.array(caches(), {minLength: 1, maxLength: 4}), fc.double({min: 0, max: 1, noNaN: true}), (documents, part) => {
			const union = merge(documents);
			const limitBytes = Math.round(empty + 10 + part * (largest(union) - empty));
			const {document, dropped} = compact(union, {limitBytes});
			t.true(largest(document) <= limitBytes);
			t.deepEqual([...digestsOf(document), ...dropped.records].sort(), digestsOf(union));
			t.deepEqual([...document.layers.map(({digest}) => digest), ...dropped.layers].sort(), union.layers.map(({digest}) => digest).sort());
			// What is left is in order, and merging finds nothing to do.
			t.deepEqual(sizes(merge([{...document}])), sizes(document));
		}),
		{numRuns: 500},
	);
});

test('what leads to no layer costs no hit, and goes first', t => {
	fc.assert(
		fc.property(caches(), generated => {
			const document = merge([generated]);
			const {document: compacted, dropped} = compact(document, {limitBytes: largest(document) - 1});
			if (dropped.records.length === 0 || dropped.layers.length > 0 || dropped.results > 0) return;
			t.deepEqual(hitsOf(compacted, document), hitsOf(document, document));
		}),
		{numRuns: 500},
	);
	t.pass();
});

const day = (at: number) => `2026-11-${String(at).padStart(2, '0')}T10:00:00Z`;

/** A base of long ago; on it two branches of five steps each, one per day: the second branch is the newer one. */
const twoBranches: CacheConfig = {
	layers: [
		{blob: named('base'), parent: -1},
		...Array.from({length: 10}, (_, at) => ({blob: named(`layer ${at}`), parent: at === 0 || at === 5 ? 0 : at})),
	],
	records: [
		{digest: named('base'), results: [{layer: 0, createdAt: '2020-01-01T00:00:00Z'}], chains: [], inputs: []},
		...Array.from({length: 10}, (_, at) => ({
			digest: named(`step ${at}`),
			results: [{layer: at + 1, createdAt: day(at + 1)}],
			chains: [],
			inputs: [[{link: at === 0 || at === 5 ? 0 : at}]],
		})),
	],
};

test('the oldest goes first, but never what newer steps stand on', t => {
	const document = cacheDocument(twoBranches);
	const {document: compacted, dropped} = compact(document, {limitBytes: Math.round(largest(document) * 0.7)});
	const left = new Set(digestsOf(compacted));
	t.true(left.has(named('base')));
	for (const at of [5, 6, 7, 8, 9]) t.true(left.has(named(`step ${at}`)));
	t.true(dropped.records.length > 0);
	// The first branch is shortened from its end, which leads to nothing but itself.
	t.deepEqual(
		[...dropped.records].sort(),
		[0, 1, 2, 3, 4]
			.slice(-dropped.records.length)
			.map(at => named(`step ${at}`))
			.sort(),
	);
});

test('of several results of a step the newest stays', t => {
	const layers = [1, 2, 3].map(at => ({blob: named(`layer ${at}`), parent: -1}));
	const results = [2, 0, 1].map(at => ({layer: at, createdAt: day(at + 1)}));
	const document = cacheDocument({layers, records: [{digest: named('step'), results, chains: [], inputs: []}]});
	const {document: compacted, dropped} = compact(document, {limitBytes: largest(document) - 300});
	t.deepEqual(
		compacted.layers.map(({digest}) => digest),
		[named('layer 3')],
	);
	t.is(dropped.results, 2);
	t.deepEqual([...dropped.layers].sort(), [named('layer 1'), named('layer 2')].sort());
});

test('where only the last steps have layers, as with mode=min, some of these stay, with all that they need', t => {
	// Ten stages of twenty steps; the result takes something of each, one after the other.
	const stages = Array.from({length: 10}, (_, stage) => stage);
	const steps = stages.flatMap(stage =>
		Array.from({length: 20}, (_, at) => ({
			digest: named(`${stage} ${at}`),
			results: [],
			chains: [],
			inputs: at === 0 ? [] : [[{link: stage * 20 + at - 1}]],
		})),
	);
	const result = stages.map(stage => ({
		digest: named(`result ${stage}`),
		results: [{layer: stage, createdAt: day(stage + 1)}],
		chains: [],
		inputs: [...(stage === 0 ? [] : [[{link: steps.length + stage - 1}]]), [{link: stage * 20 + 19}]],
	}));
	const layers = stages.map(stage => ({blob: named(`layer ${stage}`), parent: stage - 1}));
	const document = cacheDocument({layers, records: [...steps, ...result]});
	const {document: compacted} = compact(document, {limitBytes: Math.round(largest(document) * 0.75)});
	const left = digestsOf(compacted);
	t.deepEqual(
		stages.map(stage => left.includes(named(`result ${stage}`))),
		stages.map(stage => stage < 7),
	);
});
