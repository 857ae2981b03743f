import {readFileSync} from 'node:fs';
import test from 'ava';
import {parseRepositoryName, parseTag} from 'oci-spec-types';
import {parsePolicy} from '../../src/config/policy.ts';
import {decideBudgets} from '../../src/refs/budgets.ts';
import {decide} from '../../src/refs/refRules.ts';
import {summarize} from '../../src/refs/summaries.ts';
import {daysAgo, inventoryOf, now} from '../support/inventories.ts';

const page = readFileSync(new URL('../../docs/retention.md', import.meta.url), 'utf8');
const policies = [...page.matchAll(/```yaml\n([\s\S]*?)```/g)].map(([, text]) => parsePolicy(text ?? '', 'p'));
const behaviourOf = (policy: ReturnType<typeof parsePolicy>, repo: string, tag: string) =>
	decide(policy.refs, parseRepositoryName(repo), parseTag(tag)).behaviour;
const day = 86_400_000;

test('the policies of the page do what it says of them', t => {
	const [first, narrow, expression] = policies as [
		ReturnType<typeof parsePolicy>,
		ReturnType<typeof parsePolicy>,
		ReturnType<typeof parsePolicy>,
	];
	t.is(policies.length, 3);
	t.like(behaviourOf(first, 'ci/app', 'main'), {protect: true, keepSuperseded: 3, expire: undefined});
	t.like(behaviourOf(first, 'ci/app', 'pr-1'), {protect: false, expire: {idleMs: 7 * day}});
	t.like(first.budget, [{size: 500e9}]);
	t.is(behaviourOf(narrow, 'ci/app', 'release-1').expire, undefined);
	t.like(behaviourOf(narrow, 'ci/app', 'x').expire, {idleMs: 14 * day});
	t.like(behaviourOf(expression, 'ci/web', 'pr-12').expire, {idleMs: 3 * day});
	t.is(behaviourOf(expression, 'ci/web', 'pr-12a').expire, undefined);
});

test('every recipe can be used', t => {
	const rules = [...page.matchAll(/\| `(\{match: .*?\})` \|/g)].map(([, rule]) => rule);
	const budgets = [...page.matchAll(/\| `(budget: .*?)` \|/g)].map(([, budget]) => budget);
	t.deepEqual([rules.length, budgets.length], [5, 2]);
	for (const rule of rules) t.notThrows(() => parsePolicy(`refs:\n  - ${rule}\n`, 'p'), rule);
	for (const budget of budgets) t.notThrows(() => parsePolicy(`${budget}\n`, 'p'), budget);
	for (const aspect of ['untagged: 14d', 'expire: {idle: 30d}', 'keep: {newest: 20}']) {
		t.true(page.includes(`| \`${aspect}\``));
		t.notThrows(() => parsePolicy(`refs:\n  - {match: "**:*", ${aspect}}\n`, 'p'));
	}
});

test('the example of a budget counts what the page says: 4, 0.5 and 2 GB, and a share of 600 MB', t => {
	const counted = (tags: Readonly<Record<string, readonly string[]>>, sizes: Readonly<Record<string, number>>, match: string) => {
		const {budget} = parsePolicy(`budget: [{match: "${match}", size: 1TB}]`, 'p');
		const inventory = inventoryOf({
			tags: Object.fromEntries(Object.entries(tags).map(([tag, layers]) => [tag, {layers, days: 1}])),
			sizes,
		});
		return decideBudgets([summarize(inventory, {recordedSince: daysAgo(9), refs: new Map()}, [])], budget, {now})[0]?.bytes ?? 0;
	};
	const sizes = {base: 3e9, app: 1e9, seven: 0.5e9, other: 2e9};
	const all = {main: ['base', 'app'], 'pr-7': ['base', 'seven'], 'pr-8': ['base', 'other']};
	t.is(Math.round(counted({main: all.main}, sizes, 'ci/app:*') / 1e8), 40);
	t.is(Math.round(counted(all, sizes, 'ci/app:*') / 1e8), 65);
	t.is(
		Math.round(counted({a: ['base', 'a'], b: ['base', 'b'], c: ['base', 'c']}, {base: 900e6, a: 0, b: 0, c: 0}, 'ci/app:{a,b}') / 1e6),
		600,
	);
});
