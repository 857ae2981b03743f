import test, {type ExecutionContext} from 'ava';
import {checkPolicy, explainRef} from '../../src/operations/policyReports.ts';
import {policyFile} from '../support/policy.ts';
import {cli, exitOf, run} from '../support/serverProcess.ts';

const policy = `refs:
  - match: "ci/**:pr-{number}"
    fallback: ["{base}", main]
    union: ["{tag}", "pr-{number}-*"]
  - match: "ci/**:main"
    protect: true
  - match: "x/*:*"
    onPush: merge
`;
const broken = 'refs:\n  - match: "ci/**:main"\n    protekt: true\n    onPush: merg\n';

test('a policy that can be used is said to be, with the number of its rules', async t => {
	const file = await policyFile(t, policy);
	const {exitCode, lines, facts} = await checkPolicy(file);
	t.is(exitCode, 0);
	t.is(lines[0], `${file}: 3 rules, and nothing is wrong with it`);
	t.like(facts, {rules: 3, problems: []});
	const ofAccess = await policyFile(t, 'access: [{who: {user: alice}, may: pull, on: "**:*"}]\n');
	t.is((await checkPolicy(ofAccess)).lines[0], `${ofAccess}: 1 rule, and nothing is wrong with it`);
});

test('a ref of an old bucket is explained by its place there, and none of its repository by rules', async t => {
	const file = await policyFile(
		t,
		's3Caches: [{repository: old, bucket: caches, prefix: p/, names: [team/java-app]}]\nrefs: [{match: "**:*", protect: true}]',
	);
	const {exitCode, lines, facts} = await explainRef('old/team:java-app', file);
	t.is(exitCode, 0);
	t.like(facts, {bucket: 'caches', key: 'p/manifests/team/java-app'});
	t.true(lines.some(line => line.includes('p/manifests/team/java-app of the bucket caches')));
	t.regex((await explainRef('old/team:main', file)).lines.join('\n'), /no entry of s3Caches names it/);
	t.like((await checkPolicy(file)).facts, {rules: 1, s3Caches: 1});
});

test('every problem of a policy is a line with its place', async t => {
	const file = await policyFile(t, broken);
	const {exitCode, lines, facts} = await checkPolicy(file);
	t.is(exitCode, 1);
	t.deepEqual(lines, [
		`${file}:3:5: refs[0].protekt is no name that is known; did you mean protect?`,
		`${file}:4:13: refs[0].onPush must be replace or merge; did you mean merge?`,
	]);
	t.like(facts, {problems: [{line: 3, column: 5}, {line: 4}]});
});

const notesOf = async (t: ExecutionContext, ...rules: string[]) => {
	const {exitCode, lines} = await checkPolicy(await policyFile(t, `refs:\n${rules.map(rule => `  - ${rule}\n`).join('')}`));
	t.is(exitCode, 0);
	return lines.filter(line => line.includes('note:')).map(line => line.replace(/^.*:(\d+): note: /, '$1 '));
};

test('a protected tag that answers what anyone may push is noted, with the line', async t => {
	const open = (source: string) =>
		`2 ci/**:main is protected and answers ${source}, which is not: whoever may push there decides what it answers`;
	t.deepEqual(await notesOf(t, '{match: "ci/**:main", protect: true, union: [main, "main-*"], fallback: [old]}'), [
		open('main-*'),
		open('old'),
	]);
});

test('where the sources are protected too, there is nothing to note', async t => {
	const all = '{match: "ci/**:{main,main-*,old}", protect: true}';
	t.deepEqual(await notesOf(t, '{match: "ci/**:main", union: [main, "main-[a-z]*"], fallback: [old]}', all), []);
	t.deepEqual(await notesOf(t, '{match: "ci/**:pr-{n}", union: ["pr-{n}-*"], fallback: [main]}', all), []);
});

test('where there is no file to look at, that is another code', async t => {
	t.like(await checkPolicy(undefined), {exitCode: 2, lines: ['name a file, or set LAYERCACHE_POLICY']});
	t.is((await checkPolicy('/nowhere/policy.yaml')).exitCode, 2);
});

test('an explanation has the chain, each decision with its line, and why other rules do not apply', async t => {
	const file = await policyFile(t, policy);
	const {exitCode, lines, facts} = await explainRef('ci/app:pr-12..release', file);
	t.is(exitCode, 0);
	const text = lines.join('\n');
	for (const expected of [
		/an import tries +pr-12, else release, else main/,
		/and is answered +pr-12 \+ pr-12-\*, merged/,
		/a push is refused/,
		/fallback +pr-12, release, main +line 2, ci\/\*\*:pr-\{number\}/,
		/protect +no +by default/,
		/line 2 +ci\/\*\*:pr-\{number\} +applies/,
		/line 5 +ci\/\*\*:main +no: the tag differs/,
		/line 7 +x\/\*:\* +no: the repository differs/,
	]) {
		t.regex(text, expected);
	}
	t.like(facts, {tries: ['pr-12', 'release', 'main'], decidedBy: {fallback: 2}});
});

test('what a rule names and this tag has not is told', async t => {
	const {lines} = await explainRef('ci/app:pr-12', await policyFile(t, policy));
	t.regex(lines.join('\n'), /fallback +without \{base\}: nothing follows `\.\.` in the tag/);
	t.regex(lines.join('\n'), /an import tries +pr-12, else main/);
});

test('without any policy a ref is explained by the defaults', async t => {
	const {exitCode, lines} = await explainRef('ci/app:feature-x..main', undefined);
	t.is(exitCode, 0);
	t.regex(lines.join('\n'), /an import tries +feature-x, else main/);
});

for (const ref of ['ci/app', 'cache.example.com:5000/ci/app:main', 'ci/app:sha256:00', 'ci/app:a b']) {
	test(`${ref} is nothing to explain`, async t => {
		t.is((await explainRef(ref, undefined)).exitCode, 2);
	});
}

test('the command ends with the code of its report, and LAYERCACHE_POLICY is the file by default', async t => {
	const file = await policyFile(t, broken);
	const check = run(t, cli, ['policy', 'check', '--json'], {LAYERCACHE_POLICY: file});
	const explain = run(t, cli, ['policy', 'explain', 'ci/app:main', '--json', '--file', await policyFile(t, policy)], {
		LAYERCACHE_POLICY: file,
	});
	const none = run(t, cli, ['policy', 'check'], {});
	t.deepEqual(await Promise.all([check, explain, none].map(({child}) => exitOf(child))), [1, 0, 2]);
	t.is(JSON.parse(check.output.text).problems.length, 2);
	t.like(JSON.parse(explain.output.text), {protect: true, decidedBy: {protect: 5}});
});

test('explain tells when a ref goes, what it keeps and which budgets count it, each with its rule', async t => {
	const file = await policyFile(
		t,
		'refs:\n  - {match: "ci/**:pr-*", expire: {age: 30d, idle: 7d}, keep: {newest: 10}}\n  - {match: "ci/**:main", protect: true, untagged: 2d}\n  - {match: "**:*", keep: {superseded: 3}, expire: {age: 90d}}\nbudget:\n  - {match: "ci/**:*", size: 500GB}\n  - {match: "lib/**:*", size: 1GB}\n',
	);
	const {lines, facts} = await explainRef('ci/app:pr-1', file);
	t.deepEqual(
		lines.filter(line => /^(expire|superseded|untagged|budget)/.test(line)).map(line => line.replace(/ {2,}/g, ' ')),
		[
			'expire 30d old and 7d idle and not of the newest 10 line 2, ci/**:pr-*',
			'superseded 3 line 4, **:*',
			'untagged after 2d line 3, ci/**:main',
			'budget 500GB line 6, ci/**:*',
		],
	);
	t.like(facts, {decidedBy: {expire: 2, superseded: 4, untagged: 3}, budgets: [{line: 6, size: 500e9}]});
	const main = await explainRef('ci/app:main', file);
	t.true(main.lines.some(line => line.startsWith('expire      never, since it is protected')));
});

test('explain tells where images go, where caches stay and what is read elsewhere, with the line of the route', async t => {
	const file = await policyFile(
		t,
		'upstreams: {ecr: {url: "https://registry.example.com"}}\nroutes:\n  - {match: "ci/**:*", upstream: ecr, repository: "prod/{repository}", images: queued, caches: both}\n',
	);
	const {lines, facts} = await explainRef('ci/app:v1', file);
	const text = lines.join('\n');
	t.regex(text, /images +are queued for ecr, as prod\/ci\/app +line 3, ci\/\*\*:\*/);
	t.regex(text, /caches +stay here, and are handed over to ecr, as prod\/ci\/app/);
	t.regex(text, /reads +of what is not here go to ecr/);
	t.like(facts, {route: {upstream: 'ecr', repository: 'prod/ci/app', line: 3}});
	t.false((await explainRef('other/app:v1', file)).lines.some(line => line.startsWith('images')));
	t.like((await checkPolicy(file)).facts, {upstreams: ['ecr'], routes: 1});
});
