import test from 'ava';
import fc from 'fast-check';
import {formatCacheConfig, parseCacheConfig} from '../../src/cache/cacheConfig.ts';
import {CacheInvalid} from '../../src/cache/cacheInvalid.ts';
import {caches, named} from '../support/generatedCaches.ts';

const bytes = (value: unknown) => Buffer.from(typeof value === 'string' ? value : JSON.stringify(value));
const parse = (value: unknown) => parseCacheConfig(bytes(value));
const [blob, step, other] = [named('blob'), named('step'), named('other step')];
const layers = [{blob, parent: -1}];

test("what BuildKit leaves out is filled in: a parent and a link of 0, empty lists, Go's null and its zero time", t => {
	const config = parse({
		layers: [{blob}, {blob: named('below'), parent: -1}].reverse(),
		records: [
			{digest: step, layers: [{createdAt: '0001-01-01T00:00:00Z'}], inputs: null},
			{digest: other, inputs: [[{}]], chains: null},
		],
	});
	t.deepEqual(config.layers[1], {blob, parent: 0});
	t.deepEqual(config.records[0], {digest: step, results: [{layer: 0}], chains: [], inputs: []});
	t.deepEqual(config.records[1]?.inputs, [[{link: 0}]]);
	t.deepEqual(parse('{}'), {layers: [], records: []});
});

test('what is parsed is written again as it was, and parsed to the same', t => {
	fc.assert(
		fc.property(caches(), ({config}) => {
			const written = formatCacheConfig(config);
			const again = parseCacheConfig(written);
			t.deepEqual(again, config);
			return Buffer.from(formatCacheConfig(again)).equals(Buffer.from(written));
		}),
	);
});

const refused: Record<string, unknown> = {
	'no JSON': '{',
	'no object': '[]',
	'a byte order mark': '\u{feff}{}',
	'layers that are no list': {layers: {}},
	'a layer that is no object': {layers: [[]]},
	'a blob that is no digest': {layers: [{blob: 'sha256:1', parent: -1}]},
	'a parent out of range': {layers: [{blob, parent: 1}]},
	'a parent below -1': {layers: [{blob, parent: -2}]},
	'a layer on itself': {layers: [{blob}]},
	'layers in a circle': {
		layers: [
			{blob, parent: 1},
			{blob, parent: 0},
		],
	},
	'a record without a digest': {records: [{}]},
	'a step of which BuildKit makes nothing': {records: [{digest: `random:${'a'.repeat(64)}`}]},
	'a result out of range': {layers, records: [{digest: step, layers: [{layer: 1}]}]},
	'a result that is a fraction': {layers, records: [{digest: step, layers: [{layer: 0.5}]}]},
	'a result that is a text': {layers, records: [{digest: step, layers: [{layer: '0'}]}]},
	'a chain out of range': {layers, records: [{digest: step, chains: [{layers: [0, 1]}]}]},
	'a chain of nothing': {layers, records: [{digest: step, chains: [{layers: []}]}]},
	'a link out of range': {records: [{digest: step, inputs: [[{link: 1}]]}]},
	'a link below zero': {records: [{digest: step, inputs: [[{link: -1}]]}]},
	'a link beyond all numbers': {records: [{digest: step, inputs: [[{link: 1e300}]]}]},
	'an input that nothing meets': {records: [{digest: step, inputs: [[]]}]},
	'a selector that is no text': {records: [{digest: step}, {digest: other, inputs: [[{link: 0, selector: 1}]]}]},
	'a step that needs itself': {records: [{digest: step, inputs: [[{link: 0}]]}]},
	'steps in a circle': {
		records: [
			{digest: step, inputs: [[{link: 1}]]},
			{digest: other, inputs: [[{link: 0}]]},
		],
	},
	'a date that is none': {layers, records: [{digest: step, layers: [{layer: 0, createdAt: 'yesterday'}]}]},
	'the 30th of February': {layers, records: [{digest: step, layers: [{layer: 0, createdAt: '2026-02-30T00:00:00Z'}]}]},
	'a date that Go does not read': {layers, records: [{digest: step, layers: [{layer: 0, createdAt: '2026-02-03'}]}]},
};

for (const [name, value] of Object.entries(refused)) {
	test(`a config is refused for ${name}`, t => {
		t.throws(() => parse(value), {instanceOf: CacheInvalid});
	});
}

test('the row that is wrong is named', t => {
	t.throws(() => parse({layers, records: [{digest: step}, {digest: other, inputs: [[{link: 7}]]}]}), {
		message: 'records[1]: link is 7, and there are 2',
	});
});

test('whatever JSON comes, it is a config or CacheInvalid, and no prototype is touched', t => {
	fc.assert(
		fc.property(fc.json({maxDepth: 6}), text => {
			try {
				parse(text);
			} catch (error) {
				return error instanceof CacheInvalid;
			}
			return true;
		}),
	);
	const config = parse('{"__proto__": {"layers": [1]}, "records": [], "constructor": {"prototype": {"polluted": true}}}');
	t.deepEqual(config, {layers: [], records: []});
	t.false('polluted' in {});
});

test('a chain of records as long as a document can be is walked without running out of stack', t => {
	const count = 50_000;
	const {records} = parse({records: Array.from({length: count}, (_, at) => ({digest: step, ...(at > 0 && {inputs: [[{link: at - 1}]]})}))});
	t.is(records.length, count);
});

test('layers higher than any builder can mount, and configs larger than any can read, are refused', t => {
	const tower = {layers: Array.from({length: 1025}, (_, at) => ({blob, parent: at - 1}))};
	t.throws(() => parse(tower), {instanceOf: CacheInvalid, message: /lies on 1024 others/});
	t.throws(() => parse(' '.repeat(16 * 1024 * 1024 + 1)), {instanceOf: CacheInvalid, message: /read by nobody/});
});
