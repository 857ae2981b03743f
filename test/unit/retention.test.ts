import test from 'ava';
import fc from 'fast-check';
import {parseTag} from 'oci-spec-types';
import {parsePolicy} from '../../src/config/policy.ts';
import type {RecordedUse, RepositoryUsage} from '../../src/refs/refUse.ts';
import {decideRetention, planRetention, type RetentionGround} from '../../src/refs/retention.ts';
import {
	configBytes,
	dayMs,
	daysAgo,
	type InventoryGiven,
	inventoryOf,
	manifestBytes,
	manifestDigestOf,
	now,
	type TagGiven,
} from '../support/inventories.ts';

const document = manifestBytes + configBytes;

/** Days since each tag was imported; recording began 300 days ago. */
const usageOf = (imported: Readonly<Record<string, number>> = {}, recordedDays = 300): RepositoryUsage => ({
	recordedSince: daysAgo(recordedDays),
	refs: new Map<string, RecordedUse>(Object.entries(imported).map(([tag, days]) => [parseTag(tag), {lastImported: daysAgo(days)}])),
});

const groundOf = (rules: readonly string[], usage: RepositoryUsage | undefined = usageOf()): RetentionGround => ({
	usage,
	rules: parsePolicy(rules.length === 0 ? '{}' : `refs:\n${rules.map(rule => `  - ${rule}\n`).join('')}`, 'p').refs,
	now,
	quarantineMs: 3 * dayMs,
});

const tagsOf = (days: Readonly<Record<string, number>>): InventoryGiven => ({
	tags: Object.fromEntries(Object.entries(days).map(([tag, age]): [string, TagGiven] => [tag, {layers: [`of ${tag}`], days: age}])),
});

const gone = (given: InventoryGiven, ...ground: Parameters<typeof groundOf>) => decideRetention(inventoryOf(given), groundOf(...ground));
const goneTags = (...args: Parameters<typeof gone>) =>
	gone(...args)
		.map(({tag}) => String(tag))
		.sort();

test('without a policy no tag goes, however old and idle', t => {
	t.deepEqual(gone(tagsOf({old: 900}), []), []);
});

test('age counts from the push', t => {
	const rules = ['{match: "**:*", expire: {age: 30d}}'];
	t.deepEqual(goneTags(tagsOf({young: 29, old: 30}), rules), ['old']);
	t.deepEqual(goneTags(tagsOf({young: 29, old: 30}), rules, usageOf({old: 0})), ['old']);
	const renewed: RepositoryUsage = {recordedSince: daysAgo(300), refs: new Map([['old', {lastPushed: daysAgo(2)}]])};
	t.deepEqual(goneTags(tagsOf({old: 30}), rules, renewed), [], 'a push that found nothing to do is a push');
});

test('idle counts from the last import, and from the push where there was none', t => {
	const rules = ['{match: "**:*", expire: {idle: 7d}}'];
	t.deepEqual(goneTags(tagsOf({imported: 90, never: 90, pushed: 2}), rules, usageOf({imported: 3})), ['never']);
});

test('nothing is idle for longer than use is recorded, nor where that cannot be read', t => {
	const rules = ['{match: "**:*", expire: {idle: 7d}}'];
	t.deepEqual(goneTags(tagsOf({old: 90}), rules, usageOf({}, 6)), []);
	t.deepEqual(goneTags(tagsOf({old: 90}), rules, usageOf({}, 7)), ['old']);
	t.deepEqual(decideRetention(inventoryOf(tagsOf({old: 90})), {...groundOf(rules), usage: undefined}), []);
});

test('what only docker pull reads is not idle', t => {
	const read: RepositoryUsage = {recordedSince: daysAgo(300), refs: new Map([['image', {lastRead: daysAgo(1)}]])};
	t.deepEqual(goneTags(tagsOf({image: 90}), ['{match: "**:*", expire: {idle: 7d}}'], read), []);
});

test('of the newest so many none goes', t => {
	t.deepEqual(goneTags(tagsOf({a: 1, b: 2, c: 3, d: 4}), ['{match: "**:*", keep: {newest: 2}}']), ['c', 'd']);
});

test('newest counts the tags that the rule decides about: not those of earlier rules, nor protected ones', t => {
	const rules = ['{match: "**:release-*", expire: {}}', '{match: "**:main", protect: true}', '{match: "**:*", keep: {newest: 1}}'];
	t.deepEqual(goneTags(tagsOf({'release-1': 0, main: 0, a: 1, b: 2}), rules), ['b']);
});

test('all conditions of a rule hold together', t => {
	const rules = ['{match: "**:*", expire: {age: 30d, idle: 7d}, keep: {newest: 1}}'];
	const days = {newest: 40, used: 41, old: 42, young: 41, both: 50};
	t.deepEqual(goneTags(tagsOf({...days, young: 29}), rules, usageOf({used: 1})), ['both', 'newest', 'old']);
	t.deepEqual(goneTags(tagsOf({a: 40, b: 41}), rules), ['b']);
});

test('the first rule that says when a tag goes decides, and an empty map says never', t => {
	const rules = ['{match: "**:keep-*", expire: {}}', '{match: "**:*", protect: false}', '{match: "**:*", expire: {age: 1d}}'];
	t.deepEqual(goneTags(tagsOf({'keep-me': 90, other: 90}), rules), ['other']);
});

test('conditions of two rules are never mixed', t => {
	const rules = ['{match: "**:a*", keep: {newest: 5}}', '{match: "**:*", expire: {age: 1d}}'];
	t.deepEqual(goneTags(tagsOf({a1: 90, b: 90}), rules), ['b']);
});

test('a protected ref never goes, by whichever way it is protected', t => {
	const rules = ['{match: "**:main", protect: true}', '{match: "**:*", expire: {age: 1d}, keep: {superseded: 0}}'];
	const given = {
		tags: {main: {layers: ['x'], days: 90}, hand: {layers: ['x'], days: 90, protected: true}, other: {layers: ['x'], days: 90}},
	};
	t.deepEqual(goneTags(given, rules), ['other']);
});

test('superseded manifests go once no import needs them, but for the newest so many that the rule keeps', t => {
	const previous = [2, 4, 5, 6].map(days => ({layers: [`had ${days}`], days}));
	const given = {tags: {main: {layers: ['new'], days: 2, previous}}};
	const digests = (...rules: string[]) => gone(given, rules).map(({kind, digest}) => [kind, digest]);
	const of = (...days: number[]) => days.map(each => ['superseded', manifestDigestOf([`had ${each}`])]);
	t.deepEqual(digests(), of(6, 5, 4));
	t.deepEqual(digests('{match: "**:main", keep: {superseded: 2}}'), of(6, 5));
	t.deepEqual(digests('{match: "**:main", keep: {superseded: 4}}'), []);
});

test('what a deleted tag had goes as well, whatever a rule keeps', t => {
	const given = {
		tags: {
			gone: {
				layers: ['x'],
				days: 9,
				deleted: true,
				previous: [
					{layers: ['x'], days: 4},
					{layers: ['y'], days: 1},
				],
			},
		},
	};
	t.like(gone(given, ['{match: "**:*", keep: {superseded: 9}}']), [{kind: 'superseded', digest: manifestDigestOf(['x'])}]);
	t.is(gone(given, []).length, 1);
});

test('heads go that count no more, and those of tags that no rule lets merge', t => {
	const heads = [0, 1, 2].map(days => ({tag: 'shared', layers: [`head ${days}`], days}));
	const rule = '{match: "**:*", onPush: merge, heads: {count: 2}}';
	t.like(gone({heads}, [rule]), [
		{
			kind: 'head',
			tag: 'shared',
			digest: manifestDigestOf(['head 2']),
			reason: 'not within the 2 newest pushes, 14d and 50GB that count, by **:*, line 2 of the policy',
			exclusiveBytes: 1000 + document,
		},
	]);
	const stray = gone({heads}, []);
	t.is(stray.length, 3);
	t.is(stray[0]?.reason, 'a push to a merging tag, and no rule lets ci/app:shared merge any more');
});

test('a reason names what was measured, and the rule with its line', t => {
	const rules = ['{match: "**:x", protect: false}', '{match: "ci/**:pr-*", expire: {age: 30d, idle: 7d}, keep: {newest: 1}}'];
	const [removal, ...more] = gone(tagsOf({'pr-1': 40, 'pr-2': 1}), rules, usageOf({'pr-1': 12}));
	t.deepEqual(more, []);
	t.deepEqual(removal, {
		repo: 'ci/app',
		kind: 'tag',
		tag: 'pr-1',
		digest: manifestDigestOf(['of pr-1']),
		pushedAt: daysAgo(40),
		reason:
			'pushed 40d ago (age: 30d) and last used 12d ago (idle: 7d) and number 2, newest first (newest: 1), by ci/**:pr-*, line 3 of the policy',
		rule: {line: 3, match: 'ci/**:pr-*'},
		exclusiveBytes: 1000 + document,
	} as typeof removal);
	t.is(
		gone({tags: {main: {layers: ['x'], days: 4, previous: [{layers: ['y'], days: 4}]}}}, [])[0]?.reason,
		'replaced 4d ago, so no import needs it (3d); superseded manifests are kept by no rule',
	);
});

test('bytes that several hold are told of the last that goes', t => {
	const given = {tags: {a: {layers: ['base', 'a'], days: 50}, b: {layers: ['base'], days: 40}, c: {layers: ['other'], days: 1}}};
	const rules = ['{match: "**:*", expire: {age: 30d}}'];
	t.deepEqual(
		gone(given, rules).map(({tag, exclusiveBytes}) => [tag, exclusiveBytes]),
		[
			['a', 1000 + document],
			['b', 1000 + document],
		] as [ReturnType<typeof parseTag>, number][],
	);
});

test('what goes later is told with its time, soonest first', t => {
	const rules = ['{match: "**:pr-*", expire: {age: 30d, idle: 7d}}', '{match: "**:*", keep: {newest: 1}}'];
	const planned = planRetention(
		inventoryOf(tagsOf({'pr-1': 10, 'pr-2': 29, 'pr-3': 60, a: 1, b: 2})),
		groundOf(rules, usageOf({'pr-2': 1})),
	);
	t.deepEqual(
		planned.map(({tag, at}) => [tag as string, (at.getTime() - now.getTime()) / dayMs]),
		[
			['pr-3', -30],
			['b', 0],
			['pr-2', 6],
			['pr-1', 20],
		],
	);
	t.is(planned.at(-1)?.reason, 'pushed 30d ago (age: 30d) and last used 30d ago (idle: 7d), by **:pr-*, line 2 of the policy');
});

const layers = fc.subarray(['a', 'b', 'c', 'd'], {minLength: 1});
const pushed = fc.record({layers, days: fc.integer({min: 0, max: 60})});
const repository = fc.record({
	tags: fc.dictionary(
		fc.constantFrom('main', 'pr-1', 'pr-2', 'pr-3', 'x-1', 'x-2'),
		fc.record({layers, days: fc.integer({min: 0, max: 60}), protected: fc.boolean(), previous: fc.array(pushed, {maxLength: 3})}),
	),
	heads: fc.array(fc.record({tag: fc.constantFrom('x-1', 'x-2', 'x-3'), layers, days: fc.integer({min: 0, max: 60})}), {maxLength: 6}),
});
const someRules = fc.subarray([
	'{match: "**:main", protect: true}',
	'{match: "**:pr-*", expire: {age: 20d}, keep: {newest: 1}}',
	'{match: "**:x-*", onPush: merge, heads: {count: 2}}',
	'{match: "**:*", expire: {idle: 10d}, keep: {superseded: 1}}',
]);

test('whatever a repository has, protected refs stay, and the order of the inventory changes nothing', t => {
	fc.assert(
		fc.property(repository, someRules, fc.func(fc.nat()), (given, rules, rank) => {
			const inventory = inventoryOf(given);
			const removals = decideRetention(inventory, groundOf(rules));
			for (const {kind, tag} of removals) {
				if (kind !== 'tag') continue;
				t.not(given.tags[tag as string]?.protected, true);
				t.false(tag === 'main' && rules.some(rule => rule.includes('protect')));
			}
			const shuffled = {
				...inventory,
				tags: new Map([...inventory.tags].sort(([a], [b]) => rank(a) - rank(b))),
				heads: inventory.heads.toSorted((a, b) => rank(a.key) - rank(b.key)),
				manifests: new Map([...inventory.manifests].sort(([a], [b]) => rank(a) - rank(b))),
			};
			t.deepEqual(decideRetention(shuffled, groundOf(rules)), removals);
		}),
	);
});
