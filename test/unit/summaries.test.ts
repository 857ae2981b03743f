import test from 'ava';
import {parseTag} from 'oci-spec-types';
import {parsePolicy} from '../../src/config/policy.ts';
import type {RepositoryUsage} from '../../src/refs/refUse.ts';
import {summarize} from '../../src/refs/summaries.ts';
import {configBytes, daysAgo, type InventoryGiven, inventoryOf, manifestBytes} from '../support/inventories.ts';

const summaryOf = (given: InventoryGiven, policy = '{}', usage?: RepositoryUsage) =>
	summarize(inventoryOf(given), usage, parsePolicy(policy, 'p').refs);
const refOf = (tag: string, ...args: Parameters<typeof summaryOf>) => summaryOf(...args).refs.find(ref => ref.tag === tag);

const document = manifestBytes + configBytes;

test('a ref keeps alone what no other ref names, and its part of what several name', t => {
	const {refs, bytes, heldBytes} = summaryOf({
		tags: {a: {layers: ['mine', 'base'], days: 1}, b: {layers: ['base'], days: 1}, c: {layers: ['base', 'other'], days: 1}},
		untagged: [{layers: ['left'], days: 9}],
		sizes: {mine: 500, base: 900, other: 70, left: 40},
	});
	t.deepEqual(
		refs.map(({tag, bytes, exclusiveBytes, shareBytes, layers}) => ({tag, bytes, exclusiveBytes, shareBytes, layers})),
		[
			{tag: parseTag('a'), bytes: 1400 + document, exclusiveBytes: 500 + document, shareBytes: 800 + document, layers: 2},
			{tag: parseTag('b'), bytes: 900 + document, exclusiveBytes: document, shareBytes: 300 + document, layers: 1},
			{tag: parseTag('c'), bytes: 970 + document, exclusiveBytes: 70 + document, shareBytes: 370 + document, layers: 2},
		],
	);
	t.is(heldBytes, 500 + 900 + 70 + 3 * document);
	t.is(bytes, heldBytes + 40 + document);
});

test('two tags of one manifest share all of it', t => {
	const {refs, heldBytes} = summaryOf({tags: {a: {layers: ['x'], days: 1}, b: {layers: ['x'], days: 1}}, sizes: {x: 100}});
	t.deepEqual(
		refs.map(({exclusiveBytes, shareBytes}) => [exclusiveBytes, shareBytes]),
		[
			[0, (100 + document) / 2],
			[0, (100 + document) / 2],
		],
	);
	t.is(heldBytes, 100 + document);
});

test('superseded manifests count as far as their rule keeps them', t => {
	const given: InventoryGiven = {
		tags: {
			main: {
				layers: ['new'],
				days: 0,
				previous: [
					{layers: ['old'], days: 1},
					{layers: ['older'], days: 2},
				],
			},
		},
		sizes: {new: 100, old: 200, older: 400},
	};
	t.like(refOf('main', given), {bytes: 100 + document, superseded: 0});
	t.like(refOf('main', given, 'refs: [{match: "**:*", keep: {superseded: 1}}]'), {bytes: 300 + 2 * document, superseded: 1});
});

test('heads count as far as their tag answers them, and not at all where no rule lets it merge', t => {
	const given: InventoryGiven = {
		heads: [
			{tag: 'shared', layers: ['x'], days: 0},
			{tag: 'shared', layers: ['y'], days: 1},
			{tag: 'shared', layers: ['z'], days: 20},
		],
		sizes: {x: 100, y: 200, z: 400},
	};
	const rule = (heads: string) => `refs: [{match: "**:*", onPush: merge, heads: ${heads}}]`;
	t.is(refOf('shared', given), undefined);
	t.like(refOf('shared', given, rule('{}')), {bytes: 300 + 2 * document, heads: 2, pushedAt: daysAgo(0)});
	t.like(refOf('shared', given, rule('{age: 30d}')), {heads: 3});
	t.like(refOf('shared', given, rule('{count: 1}')), {heads: 1, bytes: 100 + document});
	t.like(refOf('shared', given, rule('{size: 250B}')), {heads: 1, bytes: 100 + document});
});

test('what refers to a ref is its own, and a document that was made counts for the tag it was made for', t => {
	const given: InventoryGiven = {
		tags: {main: {layers: ['x'], days: 1}, side: {layers: ['y'], days: 1}},
		untagged: [{layers: ['signature'], subject: ['x'], days: 1}],
		derived: [
			{
				tag: 'main',
				layers: ['x', 'y'],
				sources: [
					{tag: 'main', layers: ['x']},
					{tag: 'side', layers: ['y']},
				],
			},
			{tag: 'main', layers: ['x', 'gone'], sources: [{tag: 'main', layers: ['gone']}]},
		],
		sizes: {x: 100, y: 200, signature: 7},
	};
	t.like(refOf('main', given), {exclusiveBytes: 100 + 7 + 3 * document});
	t.like(refOf('side', given), {exclusiveBytes: 200 + document});
});

test('deleted tags are no refs', t => {
	t.deepEqual(summaryOf({tags: {gone: {layers: ['x'], days: 1, deleted: true}}}).refs, []);
});

test('a ref is protected by its rule or by hand', t => {
	const given: InventoryGiven = {
		tags: {main: {layers: ['x'], days: 1}, kept: {layers: ['x'], days: 1, protected: true}, other: {layers: ['x'], days: 1}},
	};
	t.deepEqual(
		summaryOf(given, 'refs: [{match: "**:main", protect: true}]').refs.map(({protectedBy}) => protectedBy),
		['hand', 'policy', undefined],
	);
});

test('a ref is idle since its last push or import, and never for longer than usage is recorded', t => {
	const given: InventoryGiven = {tags: {main: {layers: ['x'], days: 90}}};
	const usage = (recorded: number, use: {lastImported?: Date; lastPushed?: Date} = {}): RepositoryUsage => ({
		recordedSince: daysAgo(recorded),
		refs: new Map([[parseTag('main'), use]]),
	});
	const idle = (known?: RepositoryUsage) => refOf('main', given, '{}', known)?.idleSince;
	t.is(idle(), undefined);
	t.deepEqual(idle(usage(300)), daysAgo(90));
	t.deepEqual(idle(usage(10)), daysAgo(10));
	t.deepEqual(idle(usage(300, {lastImported: daysAgo(40)})), daysAgo(40));
	t.deepEqual(idle(usage(300, {lastImported: daysAgo(40), lastPushed: daysAgo(3)})), daysAgo(3));
	t.like(refOf('main', given, '{}', usage(300, {lastPushed: daysAgo(3)})), {pushedAt: daysAgo(3)});
});
