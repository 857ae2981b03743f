import {execFile} from 'node:child_process';
import {existsSync, readFileSync} from 'node:fs';
import {promisify} from 'node:util';
import test from 'ava';
import {parseRepositoryName, parseTag} from 'oci-spec-types';
import {parseDocument} from 'yaml';
import {PolicyInvalid, parsePolicy} from '../../src/config/policy.ts';
import {checkPolicy} from '../../src/operations/policyReports.ts';
import {accessNotes} from '../../src/refs/accessNotes.ts';
import {openSources} from '../../src/refs/openSources.ts';
import {decide} from '../../src/refs/refRules.ts';
import {blocksOf, page, policies, policyUnder} from '../support/cacheRefsPage.ts';
import {policyFile} from '../support/policy.ts';
import {temporaryFolder} from '../support/temporaryFolder.ts';

const readme = readFileSync(new URL('../../README.md', import.meta.url), 'utf8');
const run = promisify(execFile);

const yamlBlocks = [...blocksOf(page, 'yaml'), ...blocksOf(readme, 'yaml')].map(entry => ({
	...entry,
	document: parseDocument(entry.text),
}));
const kindOf = (value: Record<string, unknown>) => ('refs' in value ? 'policy' : 'jobs' in value ? 'GitHub' : 'GitLab');
const valuesOf = (kind: string) => yamlBlocks.map(({document}) => document.toJS()).filter(value => kindOf(value) === kind);

test('every YAML block can be read', t => {
	for (const {text, document} of yamlBlocks) t.deepEqual([...document.errors, ...document.warnings], [], text);
	t.deepEqual([...new Set(yamlBlocks.map(({document}) => kindOf(document.toJS())))].sort(), ['GitHub', 'GitLab', 'policy']);
});

test('each situation has lines for both CIs', t => {
	for (const heading of ['Branches', 'Pull requests from forks', 'Matrices', 'Several platforms', 'Monorepos']) {
		const kinds = yamlBlocks.filter(block => block.heading === heading).map(({document}) => kindOf(document.toJS()));
		t.true(kinds.includes('GitHub') && kinds.includes('GitLab'), heading);
	}
});

test('each GitHub job says where it runs, checks out, and imports and exports a cache', t => {
	for (const {jobs} of valuesOf('GitHub')) {
		const job = jobs.build;
		t.truthy(job['runs-on']);
		const uses = job.steps.map((step: {uses?: string}) => step.uses?.split('@')[0]);
		for (const action of ['actions/checkout', 'docker/setup-buildx-action', 'docker/build-push-action']) t.true(uses.includes(action));
		const build = job.steps.find((step: {uses?: string}) => step.uses?.startsWith('docker/build-push-action'));
		t.regex(build.with['cache-from'], /^type=registry,ref=/);
		t.regex(build.with['cache-to'], /^type=registry,ref=.*,mode=max,ignore-error=true$/);
		// Whoever names a branch would write the script.
		for (const step of job.steps) t.notRegex(step.run ?? '', /\$\{\{/);
	}
});

test('each GitLab job imports and exports a cache', t => {
	for (const {build} of valuesOf('GitLab')) {
		const script = build.script.join('\n');
		t.regex(script, /--cache-from "?type=registry,ref=/);
		t.regex(script, /--cache-to "?type=registry,ref=\S+,mode=max,ignore-error=true/);
	}
});

test('nothing is pushed to a tag with two dots', t => {
	const targets = [...page.matchAll(/cache-to[ :]+"?type=registry,ref=(.+?),mode/g)].map(match => match[1] ?? '');
	t.true(targets.length > 10);
	t.deepEqual(
		targets.filter(target => target.includes('..')),
		[],
	);
});

const behaviourOf = (heading: string, ref: string) => {
	const [repo, tag] = ref.split(':');
	const {fallback, union, ...rest} = decide(
		parsePolicy(policyUnder(heading), heading).refs,
		parseRepositoryName(repo),
		parseTag(tag),
	).behaviour;
	return {...rest, fallback: fallback.join(' '), union: union.map(source => ('tag' in source ? source.tag : source.glob)).join(' ')};
};

test('every policy can be used, and leaves no hole in a protection', t => {
	for (const {text} of policies) {
		const policy = parsePolicy(text, 'the page');
		t.deepEqual([...openSources(policy), ...accessNotes(policy)], [], text);
	}
});

test('the policies do what the page says of them', t => {
	t.like(behaviourOf('Branches', 'ci/app:feature-x..release-2'), {union: 'feature-x release-2', fallback: 'feature-x release-2 main'});
	t.like(behaviourOf('Branches', 'ci/app:feature-x'), {union: 'feature-x', fallback: 'main'});
	t.like(behaviourOf('Branches', 'ci/app:main'), {union: '', fallback: ''});
	t.like(behaviourOf('Pull requests from forks', 'ci/app:main-amd64'), {protect: true, onDenied: 'discard'});
	t.like(behaviourOf('Pull requests from forks', 'ci/app:pr-12'), {protect: false});
	t.like(behaviourOf('Matrices', 'ci/app:main'), {onPush: 'merge', heads: {count: 24, ageMs: 7 * 86_400_000, bytes: 20e9}});
	t.like(behaviourOf('Several platforms', 'ci/app:main'), {union: 'main-amd64 main-arm64'});
	t.like(behaviourOf('Several platforms', 'ci/app:main-amd64'), {union: ''});
	t.like(behaviourOf('Several platforms', 'ci/app:feature-x'), {fallback: 'main'});
	t.like(behaviourOf('Monorepos', 'ci/monorepo:web.feature-1.2'), {union: 'web.feature-1.2 web.main common.main'});
});

test('what policy check prints is what it prints', async t => {
	const [example] = blocksOf(page, 'console');
	const expected = example?.text.trim().split('\n').slice(1);
	const file = await policyFile(t, 'refs:\n  - match: "ci/**:pr-{number}"\n    fallbak: [main]\n    union: [   "{nr}-*"]\n');
	const {lines} = await checkPolicy(file);
	t.deepEqual(
		lines.map(line => line.replace(file, 'policy.yaml')),
		expected,
	);
});

test('what the table of rules names is what a rule may have, and its defaults are the defaults', t => {
	const error = t.throws(() => parsePolicy('refs:\n  - match: "a:b"\n    zzzzzzzzz: 1\n', 'p'), {instanceOf: PolicyInvalid});
	const known = error.problems[0]?.message.replace(/.*known are /, '').split(', ');
	const table = page.slice(page.indexOf('| in a rule |'));
	const rows = [...table.slice(0, table.indexOf('\n\n')).matchAll(/^\| `(\w+)` \|/gm)].map(match => match[1]);
	t.deepEqual(rows.toSorted(), known?.toSorted());
	const {heads} = decide([], parseRepositoryName('a'), parseTag('b')).behaviour;
	t.deepEqual(heads, {count: 64, ageMs: 14 * 86_400_000, bytes: 50e9});
	t.regex(table, /`heads` .* \| 64, 14 days, 50 GB \|/);
});

const names = page.match(/<!-- run: names -->\n```sh\n([\s\S]*?)```/)?.[1] ?? '';
const bare = (script: string) =>
	script
		.split('\n')
		.map(line => line.trim())
		.filter(line => line !== '' && !line.startsWith('#'))
		.join('\n');

test('both CIs have the very functions that are tested here', t => {
	const scripts = [
		...valuesOf('GitHub').flatMap(({jobs}) => jobs.build.steps.map((step: {run?: string}) => step.run ?? '')),
		...valuesOf('GitLab').map(({build}) => build.script.join('\n')),
	];
	t.is(scripts.filter(script => bare(script).includes(bare(names))).length, 2);
});

test('branches become tags', async t => {
	const tagOf = async (branch: string) => (await run('sh', ['-c', `${names}\ntag "$1"`, 'sh', branch])).stdout.trim();
	t.is(await tagOf('main'), 'main');
	t.is(await tagOf('feature/one#2'), 'feature-one-2');
	t.is(await tagOf('#7'), '_7');
	for (const branch of [`${'x'.repeat(59)}.y`, 'ä/ö', '-', 'dependabot/npm_and_yarn/@types/node-26.6.6', 'a'.repeat(200)]) {
		const tag = await tagOf(branch);
		t.notThrows(() => parseTag(`${tag}..${tag}`), tag);
		t.is(decide([], parseRepositoryName('a'), parseTag(`${tag}..main`)).subject, parseTag(tag));
	}
});

test('the base of a branch is the one that it left last', async t => {
	const folder = await temporaryFolder(t);
	const settings = {GIT_CONFIG_GLOBAL: '/dev/null', GIT_CONFIG_SYSTEM: '/dev/null', HOME: folder, PATH: process.env.PATH};
	const author = ['-c', 'user.name=x', '-c', 'user.email=x@127.0.0.1'];
	const git = async (...args: string[]) => run('git', [...author, ...args], {cwd: folder, env: settings});
	let commits = 0;
	// Within a second, equal messages would make equal commits.
	const commit = () => git('commit', '--quiet', '--allow-empty', '-m', `${++commits}`);
	const publish = (branch: string) => git('update-ref', `refs/remotes/origin/${branch}`, 'HEAD');
	const baseOf = async (...branches: string[]) =>
		(await run('sh', ['-c', `${names}\nbase_of "$@"`, 'sh', ...branches], {cwd: folder, env: settings})).stdout.trim();

	await git('init', '--quiet', '--initial-branch=main');
	await commit();
	await publish('main');
	await git('switch', '--quiet', '-c', 'release/1');
	await commit();
	await publish('release/1');
	await git('switch', '--quiet', '-c', 'feature/from-release');
	await commit();
	t.is(await baseOf('main', 'release/1'), 'release/1');
	t.is(await baseOf('release/1', 'main', 'gone'), 'release/1');
	await git('switch', '--quiet', 'main');
	await commit();
	await publish('main');
	await git('switch', '--quiet', '-c', 'feature/from-main');
	await commit();
	t.is(await baseOf('main', 'release/1'), 'main');
	t.is(await baseOf('release/1', 'main'), 'main');
});

test('the pictures are there', t => {
	const pictures = [...page.matchAll(/!\[[^\]]+\]\(([^)]+)\)/g)].map(match => match[1] ?? '');
	t.is(pictures.length, 4);
	for (const picture of pictures) t.true(existsSync(new URL(`../../docs/${picture}`, import.meta.url)), picture);
});
