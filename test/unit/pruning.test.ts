import test from 'ava';
import {parseTag} from 'oci-spec-types';
import {type PruneFilters, selectForPrune} from '../../src/refs/pruning.ts';
import type {RepositoryUsage} from '../../src/refs/refUse.ts';
import {summarize} from '../../src/refs/summaries.ts';
import {configBytes, dayMs, daysAgo, type InventoryGiven, inventoryOf, manifestBytes, now} from '../support/inventories.ts';

const document = manifestBytes + configBytes;
const usage: RepositoryUsage = {recordedSince: daysAgo(300), refs: new Map([[parseTag('used'), {lastImported: daysAgo(1)}]])};
const given: readonly InventoryGiven[] = [
	{
		repo: 'ci/app',
		tags: {
			main: {layers: ['main'], days: 60, protected: true},
			used: {layers: ['base', 'used'], days: 50},
			old: {layers: ['base', 'old'], days: 40},
			new: {layers: ['new'], days: 2},
		},
		sizes: {base: 5000},
	},
	{repo: 'lib/x', tags: {old: {layers: ['x'], days: 90}}},
];
const select = (filters: PruneFilters, known: RepositoryUsage | undefined = usage) =>
	selectForPrune(
		given.map(each => summarize(inventoryOf(each), known, [])),
		filters,
		now,
	);
const removed = (...args: Parameters<typeof select>) => select(...args).removals.map(({repo, tag}) => `${repo}:${tag}`);
const days = (amount: number) => amount * dayMs;

test('refs go for which every filter holds, least recently used first', t => {
	t.deepEqual(removed({olderThanMs: days(30)}), ['lib/x:old', 'ci/app:old', 'ci/app:used']);
	t.deepEqual(removed({olderThanMs: days(30), idleMs: days(7)}), ['lib/x:old', 'ci/app:old']);
	t.deepEqual(removed({olderThanMs: days(30), repo: name => name === 'ci/app', tag: name => name.startsWith('o')}), ['ci/app:old']);
	t.deepEqual(removed({olderThanMs: days(100)}), []);
});

test('larger than is what a ref alone keeps, not what it shares', t => {
	t.deepEqual(removed({largerThanBytes: 1000 + document - 1}), ['lib/x:old', 'ci/app:old', 'ci/app:new', 'ci/app:used']);
	t.deepEqual(removed({largerThanBytes: 4000}), []);
});

test('the newest so many of those that the names mean stay in each repository, and protected refs always', t => {
	t.deepEqual(removed({olderThanMs: days(30), keep: 1}), ['ci/app:old', 'ci/app:used']);
	t.like(select({olderThanMs: days(30), keep: 1}).kept, [
		{repo: 'ci/app', tag: 'main', because: 'protected by hand'},
		{repo: 'lib/x', tag: 'old', because: 'among the newest 1'},
	]);
	t.deepEqual(removed({tag: name => name !== 'new', keep: 1, olderThanMs: days(30)}), ['ci/app:used']);
});

test('bytes that several share are told of the last of them, with what was measured', t => {
	const {removals} = select({olderThanMs: days(30), repo: name => name === 'ci/app'});
	t.like(removals, [
		{reason: 'prune, pushed 40d ago', exclusiveBytes: 1000 + document},
		{reason: 'prune, pushed 50d ago', exclusiveBytes: 6000 + document},
	]);
	t.is(select({idleMs: days(7), largerThanBytes: 1000}).removals[0]?.reason, 'prune, last used 90d ago, 1KB alone');
	t.is(select({tag: () => true}).removals[0]?.reason, 'prune, by its name');
	t.is(select({keep: 1}).removals[0]?.reason, 'prune, not among the newest 1');
});

test('where use cannot be read nothing is idle', t => {
	const summaries = given.map(each => summarize(inventoryOf(each), undefined, []));
	t.deepEqual(selectForPrune(summaries, {idleMs: 1}, now).removals, []);
});
