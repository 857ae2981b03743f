/**
 * Pull requests with BuildKit itself: the job of main writes main, the job of a pull request reads main and writes its own ref, and a
 * fork reads main and writes nothing, or a place of its own. Each is logged in by the id token of its job, and by nothing else.
 */
import test, {type ExecutionContext} from 'ava';
import {startIssuer} from '../support/issuer.ts';
import {type Build, type BuildResult, buildByBuildctl, buildByBuildx} from './harness/build.ts';
import {type Buildkitd, startBuildkitd} from './harness/buildkitd.ts';
import {type Context, createContext, lastStep} from './harness/context.ts';
import {startLayercache} from './harness/layercache.ts';
import {logIn} from './harness/logIn.ts';
import {policySetting} from './harness/policy.ts';
import {cacheLayers, type ManifestDocument, sha256} from './harness/registryClient.ts';
import {minio} from './harness/storages.ts';
import {storedContents} from './harness/storedContents.ts';

const storages = minio(test);
const clients: Record<string, Build> = {buildctl: buildByBuildctl, buildx: buildByBuildx};

const policy = (issuer: string) => `
issuers:
  ci: {issuer: "${issuer}", audience: layercache}
refs:
  - match: "ci/app:main"
    protect: true
  - match: "ci/app:pr-{number}"
    fallback: [main]
access:
  - who: {issuer: ci, claims: {repository: acme/app, ref: refs/heads/main}}
    may: [pull, push, protect]
    on: ["ci/app:main", "ci/app:main-*"]
  - who: {issuer: ci, claims: {repository: acme/app, ref: "refs/pull/{number}/merge"}}
    may: [pull, push]
    on: "ci/app:pr-{number}"
  - who: {issuer: ci, claims: {repository: "{owner}/app"}}
    may: pull
    on: "ci/app:main"
`;
const forks = `  - who: {issuer: ci, claims: {repository: "{owner}/{project}"}}
    may: [pull, push, delete]
    on: "forks/{owner}/{project}:*"
`;

const jobs = {
	main: {sub: 'repo:acme/app:ref:refs/heads/main', repository: 'acme/app', ref: 'refs/heads/main'},
	pr: {sub: 'repo:acme/app:pull_request', repository: 'acme/app', ref: 'refs/pull/12/merge'},
	fork: {sub: 'repo:stranger/app:ref:refs/heads/main', repository: 'stranger/app', ref: 'refs/heads/main'},
};
type Job = keyof typeof jobs;

/** A registry whose ci/app:main has the cache of a first build, and builders of jobs. */
const start = async (t: ExecutionContext, build: Build, more = '') => {
	const storage = await storages.create(t);
	const issuer = await startIssuer(t);
	const env = {...(await policySetting(t, `${policy(issuer.url)}${more}`)), LAYERCACHE_AUTH: 'required'};
	const registry = await startLayercache(t, {storage, env});
	const context = await createContext(t, {bigBytes: 3_000_000});
	const builders = new Map<Job | 'nobody', Buildkitd>();
	const builderOf = async (job: Job | 'nobody') => {
		const builder = builders.get(job) ?? (await startBuildkitd(t));
		builders.set(job, builder);
		if (job !== 'nobody') await logIn(builder, registry.host, await issuer.sign(jobs[job]));
		return builder;
	};
	const run = async (job: Job | 'nobody', from: readonly string[], to: readonly string[]): Promise<BuildResult> =>
		build(await builderOf(job), {
			context: context.folder,
			cacheFrom: from.map(ref => `type=registry,ref=${registry.host}/${ref}`),
			cacheTo: to.map(ref => `type=registry,ref=${registry.host}/${ref.replace(',', ',mode=max,')}${ref.includes(',') ? '' : ',mode=max'}`),
		});
	/** Somebody who speaks to the registry without BuildKit, with all that a job's token is good for. */
	const byHand = async (job: Job, scope: string) => {
		const form = {grant_type: 'password', service: registry.host, scope, username: 'ci', password: await issuer.sign(jobs[job])};
		const answer = await fetch(`${registry.url}/token`, {method: 'POST', body: new URLSearchParams(form)});
		const {access_token: token, scope: granted} = (await answer.json()) as {access_token: string; scope: string};
		const send = (method: string, path: string, init: RequestInit = {}) =>
			fetch(`${registry.url}/v2/${path}`, {method, ...init, headers: {Authorization: `Bearer ${token}`, ...init.headers}});
		return {granted, send};
	};
	const reader = await byHand('main', 'repository:ci/app:pull');
	/** What main's cache is, as its readers get it: the manifest, the config and every layer. */
	const cacheOfMain = async () => {
		const answer = await reader.send('GET', 'ci/app/manifests/main', {headers: {Accept: manifestType}});
		const bytes = Buffer.from(await answer.arrayBuffer());
		const document: ManifestDocument = JSON.parse(bytes.toString());
		const named = [...cacheLayers({mediaType: manifestType, digest: '', document}), ...(document.config ? [document.config] : [])];
		const digests = await Promise.all(
			named.map(async ({digest}) => sha256(Buffer.from(await (await reader.send('GET', `ci/app/blobs/${digest}`)).arrayBuffer()))),
		);
		return {digest: sha256(bytes), manifest: bytes.toString(), named: named.map(each => each.digest), digests};
	};

	const filled = await run('main', [], ['ci/app:main']);
	t.is(filled.exitCode, 0, filled.log);
	const main = await cacheOfMain();
	t.deepEqual(main.digests, main.named);
	return {registry, storage, context, run, byHand, main, cacheOfMain};
};

const manifestType = 'application/vnd.oci.image.manifest.v1+json';

/** What no builder reads is changed, so that only the last step has to run. */
const change = (context: Context) => context.writeSource(2);

const isRefused = (t: ExecutionContext, {exitCode, log}: BuildResult, words: RegExp) => {
	t.not(exitCode, 0, log);
	t.regex(log, words);
};

for (const [client, build] of Object.entries(clients)) {
	test(`${client}: a pull request reads main, writes its own ref and no other, and main's cache stays as it was`, async t => {
		t.timeout(300_000);
		const {context, run, byHand, main, cacheOfMain} = await start(t, build);
		await change(context);
		const own = await run('pr', ['ci/app:pr-12'], ['ci/app:pr-12']);
		t.is(own.exitCode, 0, own.log);
		t.deepEqual(own.ran, lastStep, 'the rest came from main');

		const who = 'oidc:ci:repo:acme/app:pull_request';
		isRefused(
			t,
			await run('pr', [], ['ci/app:main']),
			new RegExp(`denied: ${who} may not push to ci/app:main; it may push to ci/app:pr-12`),
		);
		isRefused(
			t,
			await run('pr', [], ['ci/app:pr-13']),
			new RegExp(`denied: ${who} may not push to ci/app:pr-13; it may push to ci/app:pr-12`),
		);
		const ignored = await run('pr', [], ['ci/app:main,ignore-error=true']);
		t.is(ignored.exitCode, 0, ignored.log);
		isRefused(t, await run('pr', [], ['ci/other:pr-12']), /ci\/other/);

		const {granted, send} = await byHand('pr', 'repository:ci/app:pull,push,delete');
		t.is(granted, 'repository:ci/app:pull,push');
		const headers = {'Content-Type': manifestType};
		const evil = JSON.stringify({...JSON.parse(main.manifest), annotations: {evil: 'yes'}});
		for (const path of ['manifests/main', `manifests/${sha256(Buffer.from(evil))}?tag=main`, 'manifests/pr-13'])
			t.is((await send('PUT', `ci/app/${path}`, {headers, body: evil})).status, 403, path);
		for (const path of ['manifests/main', `manifests/${main.digest}`, `blobs/${main.named[0]}`, 'manifests/pr-12'])
			t.is((await send('DELETE', `ci/app/${path}`)).status, 403, path);
		t.deepEqual(await cacheOfMain(), main);

		await context.writeSource(1);
		const again = await run('main', ['ci/app:main'], ['ci/app:main']);
		t.is(again.exitCode, 0, again.log);
		t.deepEqual(again.ran, []);
	});

	test(`${client}: a fork reads main and writes nothing, whatever it tries, and not a byte of main's repository is another one`, async t => {
		t.timeout(300_000);
		const {context, storage, run, byHand, main} = await start(t, build);
		const before = await storedContents(storage, 'repos/ci/app/');
		await change(context);
		const read = await run('fork', ['ci/app:main'], []);
		t.is(read.exitCode, 0, read.log);
		t.deepEqual(read.ran, lastStep);

		const who = 'oidc:ci:repo:stranger/app:ref:refs/heads/main';
		for (const ref of ['ci/app:main', 'ci/app:pr-12'])
			isRefused(t, await run('fork', [], [ref]), new RegExp(`denied: ${who} may not push to ci/app; no rule of the policy allows it that`));
		isRefused(
			t,
			await run('fork', [], ['ci/stranger:main']),
			new RegExp(`denied: ${who} may not pull from ci/stranger; it may pull ci/app:main`),
		);
		isRefused(t, await run('nobody', [], ['ci/app:main']), /push access denied, .* authorization failed/);

		await attack(t, {byHand, main});
		t.deepEqual(await storedContents(storage, 'repos/'), before);
	});
}

test('a fork with a place of its own writes there, main never reads it, and from there nothing reaches main', async t => {
	t.timeout(300_000);
	const {context, storage, run, byHand, main, cacheOfMain} = await start(t, buildByBuildx, forks);
	const before = await storedContents(storage, 'repos/ci/app/');
	await change(context);
	const own = await run('fork', ['ci/app:main'], ['forks/stranger/app:main']);
	t.is(own.exitCode, 0, own.log);
	t.deepEqual(own.ran, lastStep);
	const again = await run('fork', ['forks/stranger/app:main'], []);
	t.is(again.exitCode, 0, again.log);
	t.deepEqual(again.ran, []);
	isRefused(
		t,
		await run('fork', [], ['forks/acme/app:main']),
		/denied: .* may not pull from forks\/acme\/app; it may pull ci\/app:main, forks\/stranger\/app:\*/,
	);

	await attack(t, {byHand, main});
	t.deepEqual(await storedContents(storage, 'repos/ci/app/'), before);
	t.deepEqual(await cacheOfMain(), main);
	await context.writeSource(1);
	const built = await run('main', ['ci/app:main'], []);
	t.deepEqual(built.ran, [], built.log);
});

test('whoever is nobody reads nothing: the build goes on without a cache', async t => {
	t.timeout(300_000);
	const {run} = await start(t, buildByBuildctl);
	const {exitCode, log, ran} = await run('nobody', ['ci/app:main'], []);
	t.is(exitCode, 0, log);
	t.true(ran.length > 1);
	t.regex(log, /ERROR: failed to configure registry cache importer: .*(?:401|403|denied|not logged in)/);
});

type Attack = Pick<Awaited<ReturnType<typeof start>>, 'byHand' | 'main'>;

/** Everything that a fork can send at main's repository, with the most that its token is good for. */
const attack = async (t: ExecutionContext, {byHand, main}: Attack): Promise<void> => {
	const scopes = 'repository:ci/app:pull,push,delete repository:forks/stranger/app:pull,push,delete';
	const {granted, send} = await byHand('fork', scopes);
	t.regex(granted, /^repository:ci\/app:pull(?: |$)/);
	t.is((await send('GET', `ci/app/blobs/${main.named[0]}`, {redirect: 'manual'})).status < 400, true, 'it reads main');

	const [layer] = main.named;
	const evil = JSON.stringify({...JSON.parse(main.manifest), annotations: {evil: 'yes'}});
	const referrer = JSON.stringify({
		...JSON.parse(main.manifest),
		subject: {mediaType: manifestType, digest: main.digest, size: main.manifest.length},
	});
	const digest = sha256(Buffer.from(evil));
	const headers = {'Content-Type': manifestType};
	const attempts: readonly [method: string, path: string, body?: string][] = [
		['PUT', 'manifests/main', evil],
		['PUT', 'manifests/main', main.manifest],
		['PUT', `manifests/${digest}`, evil],
		['PUT', `manifests/${digest}?tag=main`, evil],
		['PUT', `manifests/${sha256(Buffer.from(referrer))}`, referrer],
		['POST', 'blobs/uploads/'],
		['POST', `blobs/uploads/?digest=${digest}`, evil],
		['POST', `blobs/uploads/?mount=${layer}&from=forks/stranger/app`],
		['POST', `blobs/uploads/?mount=${layer}&from=ci/app`],
		['PUT', `blobs/uploads/AAAAAAAAAAAAAAAAAAAAAA?digest=${digest}`, evil],
		['PATCH', 'blobs/uploads/AAAAAAAAAAAAAAAAAAAAAA', evil],
		['DELETE', 'manifests/main'],
		['DELETE', `manifests/${main.digest}`],
		...main.named.map((each): [string, string] => ['DELETE', `blobs/${each}`]),
	];
	for (const [method, path, body] of attempts) {
		const {status} = await send(method, `ci/app/${path}`, {body, headers});
		t.true(status === 403 || status === 404, `${method} ${path}: ${status}`);
		t.false(status === 404 && !path.includes('AAAA'), `${method} ${path}: ${status}`);
	}
};
