import test from 'ava';
import fc from 'fast-check';
import {parsePolicy} from '../../src/config/policy.ts';
import {decideBudgets, decideEviction} from '../../src/refs/budgets.ts';
import type {RepositoryUsage} from '../../src/refs/refUse.ts';
import {type RepositorySummary, summarize} from '../../src/refs/summaries.ts';
import {configBytes, daysAgo, type InventoryGiven, inventoryOf, manifestBytes, now, type TagGiven} from '../support/inventories.ts';

const document = manifestBytes + configBytes;
const usage: RepositoryUsage = {recordedSince: daysAgo(300), refs: new Map()};

const policyOf = (budgets: readonly string[], rules: readonly string[] = []) =>
	parsePolicy(`refs: [${rules.join(', ')}]\nbudget:\n${budgets.map(budget => `  - ${budget}\n`).join('')}`, 'p');

const decided = (
	given: readonly InventoryGiven[],
	budgets: readonly string[],
	rules?: readonly string[],
	known: RepositoryUsage | undefined = usage,
) => {
	const policy = policyOf(budgets, rules);
	return decideBudgets(
		given.map(each => summarize(inventoryOf(each), known, policy.refs)),
		policy.budget,
		{now},
	);
};
const removed = (...args: Parameters<typeof decided>) =>
	decided(...args).flatMap(({removals}) => removals.map(({repo, tag}) => `${repo}:${tag}`));

const apart = (repo: string, days: Readonly<Record<string, number>>): InventoryGiven => ({
	repo,
	tags: Object.fromEntries(Object.entries(days).map(([tag, age]): [string, TagGiven] => [tag, {layers: [`of ${tag}`], days: age}])),
});

test('least recently used goes first, until the rest fits', t => {
	const given = [apart('ci/a', {x: 1, y: 5}), apart('ci/b', {z: 3, v: 9})];
	t.deepEqual(removed(given, ['{match: "ci/**:*", size: 4100B}']), []);
	t.deepEqual(removed(given, ['{match: "ci/**:*", size: 4KB}']), ['ci/b:v']);
	t.deepEqual(removed(given, ['{match: "ci/**:*", size: 2100B}']), ['ci/b:v', 'ci/a:y']);
	t.deepEqual(removed(given, ['{match: "ci/**:*", size: 1B}']), ['ci/b:v', 'ci/a:y', 'ci/b:z', 'ci/a:x']);
});

test('an import is a use as a push is', t => {
	const known: RepositoryUsage = {recordedSince: daysAgo(300), refs: new Map([['old', {lastImported: daysAgo(1)}]])};
	t.deepEqual(removed([apart('ci/a', {old: 90, new: 5})], ['{match: "**:*", size: 1500B}'], [], known), ['ci/a:new']);
});

test('who was used last is told apart also before use has been recorded for long', t => {
	const known: RepositoryUsage = {recordedSince: daysAgo(-1), refs: new Map([['old', {lastImported: daysAgo(1)}]])};
	t.deepEqual(removed([apart('ci/a', {old: 90, new: 5})], ['{match: "**:*", size: 1500B}'], [], known), ['ci/a:new']);
});

test('protected refs count, and stay even where they alone are too much', t => {
	const [decision] = decided([apart('ci/a', {main: 90, x: 1})], ['{match: "**:*", size: 500B}'], ['{match: "**:main", protect: true}']);
	t.like(decision, {refs: 2, bytes: 2 * (1000 + document), leftBytes: 1000 + document});
	t.deepEqual(
		decision?.removals.map(({tag}) => String(tag)),
		['x'],
	);
});

test('where nothing is known of the use of refs, none goes', t => {
	const policy = policyOf(['{match: "**:*", size: 1B}']);
	const summary = summarize(inventoryOf(apart('ci/a', {x: 1})), undefined, []);
	t.deepEqual(decideBudgets([summary], policy.budget, {now})[0]?.removals, []);
});

test('refs outside of a budget take their share of what they have in common with those inside', t => {
	const given = {
		tags: {a: {layers: ['base', 'a'], days: 2}, b: {layers: ['base', 'b'], days: 1}, main: {layers: ['base'], days: 0}},
		sizes: {base: 900, a: 0, b: 0},
	};
	t.like(decided([given], ['{match: "**:{a,b}", size: 1GB}']), [{bytes: 600 + 2 * document}]);
	t.like(decided([given], ['{match: "**:{a,b}", size: 600B}']), [
		{leftBytes: 450 + document, removals: [{tag: 'a', exclusiveBytes: document}]},
	]);
});

test('what several refs of a budget share goes with the last of them', t => {
	const given = {tags: {a: {layers: ['base', 'a'], days: 3}, b: {layers: ['base'], days: 2}, c: {layers: ['c'], days: 1}}, sizes: {a: 0}};
	t.deepEqual(
		decided([given], ['{match: "**:*", size: 1100B}']).flatMap(({removals}) =>
			removals.map(({tag, exclusiveBytes}) => [String(tag), exclusiveBytes]),
		),
		[
			['a', document],
			['b', 1000 + document],
		],
	);
});

test('each budget holds, one after the other, and refs that go anyway are not counted', t => {
	const given = [apart('ci/a', {x: 4, y: 3}), apart('lib/b', {z: 2, v: 1})];
	t.deepEqual(removed(given, ['{match: "ci/**:*", size: 1500B}', '{match: "**:*", size: 2500B}']), ['ci/a:x', 'ci/a:y']);
	const policy = policyOf(['{match: "**:*", size: 3500B}']);
	const summaries = given.map(each => summarize(inventoryOf(each), usage, []));
	const gone = decideBudgets(summaries, policyOf(['{match: "**:v", size: 1B}']).budget, {now}).flatMap(({removals}) => removals);
	t.deepEqual(decideBudgets(summaries, policy.budget, {now, gone})[0]?.removals, []);
});

test('a reason names the budget, its line, and what is taken of it', t => {
	const [decision] = decided([apart('ci/a', {x: 12, y: 1})], ['{match: "ci/**:*", size: 2KB}']);
	t.like(decision?.removals[0], {
		reason: 'least recently used, 12d ago; 2KB of 2KB are taken by the budget ci/**:*, line 3 of the policy',
		rule: {line: 3, match: 'ci/**:*'},
	});
});

const layers = fc.subarray(['a', 'b', 'c', 'd', 'e'], {minLength: 1});
const repositories = fc
	.array(
		fc.dictionary(
			fc.constantFrom('main', 't1', 't2', 't3', 't4', 't5'),
			fc.record({layers, days: fc.integer({min: 0, max: 60}), protected: fc.boolean()}),
		),
		{
			maxLength: 3,
		},
	)
	.map(all => all.map((tags, at) => ({repo: `ci/r${at}`, tags, sizes: {a: 1, b: 20, c: 300, d: 4000, e: 50_000}})));

/** What a set of refs takes, told anew from what is left of the repositories. */
const takenBy = (summaries: readonly RepositorySummary[], isMember: (tag: string) => boolean): number =>
	summaries
		.flatMap(({refs}) => refs.filter(({tag}) => isMember(tag)).map(({shareBytes}) => shareBytes))
		.reduce((sum, bytes) => sum + bytes, 0);

const without = (given: InventoryGiven, refs: ReadonlySet<string>): InventoryGiven => ({
	...given,
	tags: Object.fromEntries(Object.entries(given.tags ?? {}).filter(([tag]) => !refs.has(`${given.repo}:${tag}`))),
});

test('whatever there is, a set fits into its budget or only protected refs of it are left, and those that went are the least recently used', t => {
	fc.assert(
		fc.property(repositories, fc.integer({min: 1, max: 120_000}), fc.boolean(), (given, size, all) => {
			const isMember = (tag: string) => all || tag !== 'main';
			const policy = policyOf([`{match: "${all ? '**:*' : '**:t*'}", size: ${size}B}`]);
			const summariesOf = (each: readonly InventoryGiven[]) => each.map(one => summarize(inventoryOf(one), usage, []));
			const [decision] = decideBudgets(summariesOf(given), policy.budget, {now});
			const gone = new Set(decision?.removals.map(({repo, tag}) => `${repo}:${tag}`));

			const after = summariesOf(given.map(each => without(each, gone)));
			const members = after.flatMap(({refs}) => refs.filter(({tag}) => isMember(tag)));
			t.true(Math.abs(takenBy(after, isMember) - (decision?.leftBytes ?? 0)) < 1e-3);
			const stays = members.filter(({protectedBy}) => !protectedBy);
			t.true(stays.length === 0 || (decision?.leftBytes ?? 0) <= size);

			const times = decision?.removals.map(({pushedAt}) => pushedAt?.getTime() ?? 0) ?? [];
			t.deepEqual(
				times,
				times.toSorted((a, b) => a - b),
			);
			t.true(stays.every(({pushedAt}) => pushedAt.getTime() >= (times.at(-1) ?? 0)));
			const before = summariesOf(given);
			t.false(before.flatMap(({refs}) => refs).some(({repo, tag, protectedBy}) => protectedBy && gone.has(`${repo}:${tag}`)));
			// The sum of what each frees is what all of them free.
			const held = (summaries: readonly RepositorySummary[]) => summaries.reduce((sum, {heldBytes}) => sum + heldBytes, 0);
			t.is(
				decision?.removals.reduce((sum, {exclusiveBytes}) => sum + exclusiveBytes, 0),
				held(before) - held(after),
			);
			t.deepEqual(decideBudgets(before.toReversed(), policy.budget, {now})[0]?.removals, decision?.removals);
		}),
	);
});

test('with enough free space no ref goes from a disk', t => {
	const summaries = [summarize(inventoryOf(apart('ci/a', {x: 9})), usage, [])];
	t.deepEqual(decideEviction(summaries, {now, freeBytes: 100, totalBytes: 1000, freePercent: 10, leavingBytes: 0}), []);
	t.deepEqual(decideEviction(summaries, {now, freeBytes: 0, totalBytes: 1000, freePercent: 0, leavingBytes: 0}), []);
});

test('a disk that is nearly full lets the least recently used refs go until enough of it will be free', t => {
	const given = {
		...apart('ci/a', {x: 9, y: 5, z: 1}),
		tags: {...apart('ci/a', {x: 9, y: 5, z: 1}).tags, main: {layers: ['x'], days: 90, protected: true}},
	};
	const evict = (each: InventoryGiven, freeBytes: number, leavingBytes = 0) =>
		decideEviction([summarize(inventoryOf(each), usage, [])], {now, freeBytes, totalBytes: 20_000, freePercent: 10, leavingBytes});
	t.deepEqual(
		evict(given, 1500).map(({tag}) => String(tag)),
		['x'],
	);
	t.deepEqual(
		evict(given, 200).map(({tag}) => String(tag)),
		['x', 'y'],
	);
	t.deepEqual(evict(given, 0).length, 2);
	t.is(evict(given, 1500)[0]?.reason, 'least recently used, 9d ago; 7.5% of the disk is free, below 10% (LAYERCACHE_DISK_FREE_PERCENT)');
	t.deepEqual(evict(given, 1500, 600), [], 'what went before need not go again');
	t.is(evict({...given, untagged: [{layers: ['left'], days: 1}]}, 1500).length, 1, 'other garbage makes no room: as much comes as goes');
});
