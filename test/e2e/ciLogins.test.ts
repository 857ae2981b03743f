/** The lines of docs/auth.md by which jobs of CI log in, run as they stand there, with issuers that we play. */
import {readFile} from 'node:fs/promises';
import {createServer} from 'node:http';
import {delimiter, dirname, join} from 'node:path';
import {env} from 'node:process';
import test, {type ExecutionContext} from 'ava';
import {parse} from 'yaml';
import {z} from 'zod';
import {tool} from '../../scripts/tools.ts';
import {githubClaims, githubPullRequestClaims, gitlabClaims} from '../support/idTokenClaims.ts';
import {startIssuer, type TestIssuer} from '../support/issuer.ts';
import {listenOnLoopback} from '../support/loopback.ts';
import {buildByBuildctl, dockerConfig} from './harness/build.ts';
import {startBuildkitd} from './harness/buildkitd.ts';
import {cacheBuild, fromRegistry} from './harness/cacheBuild.ts';
import {type Context, createContext} from './harness/context.ts';
import {type Dockerd, startDockerd} from './harness/dockerd.ts';
import {succeed} from './harness/exec.ts';
import {checkout, startLayercache} from './harness/layercache.ts';
import {policySetting} from './harness/policy.ts';
import type {RegistryServer} from './harness/registryServer.ts';
import {disk} from './harness/storages.ts';

/** The policy of a chapter, and what comes after it: a job. */
const chapterOf = async (title: string): Promise<{policy: string; job: unknown}> => {
	const text = await readFile(join(checkout, 'docs/auth.md'), 'utf8');
	const chapter = text.split(/^### /m).find(part => part.startsWith(`${title}\n`)) ?? '';
	const [policy = '', job = ''] = [...chapter.matchAll(/^```yaml\n(.*?)^```/gms)].map(([, block = '']) => block);
	return {policy, job: parse(job)};
};

const startWith = async (t: ExecutionContext, policy: string, issuer: TestIssuer, issuerInDocs: string): Promise<RegistryServer> => {
	t.true(policy.includes(issuerInDocs));
	return startLayercache(t, {
		storage: await disk.create(t),
		env: {LAYERCACHE_AUTH: 'required', ...(await policySetting(t, policy.replace(issuerInDocs, issuer.url)))},
	});
};

/** As a runner does it: by a shell that stops at the first failure. */
const runJob = async (dockerd: Dockerd, {host}: RegistryServer, script: string, variables: Record<string, string>) => {
	const docker = await tool('docker');
	const path = `${dirname(docker)}${delimiter}${env.PATH}`;
	const settings = {env: {...env, ...dockerd.env, PATH: path, ...variables}};
	await succeed('bash', ['-eo', 'pipefail', '-c', script.replaceAll('cache.example.com', host)], settings);
};

/** A build with what docker has kept of the log-in. */
const build = async (t: ExecutionContext, dockerd: Dockerd, caches: {context: Context; cacheFrom: string[]; cacheTo: string[]}) => {
	const builder = await startBuildkitd(t);
	await succeed('cp', ['-r', dockerd.config, dockerConfig(builder)]);
	return cacheBuild(t, {...caches, builder});
};

test('a job of GitHub Actions logs in with its own identity, and no secret is stored anywhere', async t => {
	t.timeout(300_000);
	const {policy, job} = await chapterOf('GitHub Actions');
	const {steps, permissions} = z
		.object({permissions: z.record(z.string(), z.string()), steps: z.array(z.object({run: z.string()}))})
		.parse(job);
	t.is(permissions['id-token'], 'write');
	const issuer = await startIssuer(t);
	const registry = await startWith(t, policy, issuer, 'https://token.actions.githubusercontent.com');
	let claims: typeof githubClaims = githubClaims;
	const runner = await listenOnLoopback(
		t,
		createServer(async ({url = '', headers}, response) => {
			const audience = new URL(url, 'http://localhost').searchParams.get('audience') ?? '';
			const isRight = headers.authorization === 'bearer of-this-job' && url.startsWith('/request?api-version=2.0&');
			response.writeHead(isRight ? 200 : 401).end(JSON.stringify({value: await issuer.sign(claims, {audience}), count: 1}));
		}),
	);
	const variables = {
		ACTIONS_ID_TOKEN_REQUEST_TOKEN: 'of-this-job',
		ACTIONS_ID_TOKEN_REQUEST_URL: `${runner}/request?api-version=2.0`,
	};
	const logIn = async () => {
		const dockerd = await startDockerd(t);
		await runJob(dockerd, registry, steps[0]?.run ?? '', variables);
		return dockerd;
	};
	const context = await createContext(t, {bigBytes: 100_000});
	const [main, pull] = [`${registry.host}/ci/app:main`, `${registry.host}/ci/app:pr-12`];
	await build(t, await logIn(), {context, cacheFrom: [], cacheTo: [`type=registry,ref=${main},mode=max`]});
	claims = githubPullRequestClaims;
	const ofPullRequest = await logIn();
	const {ran} = await build(t, ofPullRequest, {
		context,
		cacheFrom: fromRegistry(pull, main),
		cacheTo: [`type=registry,ref=${pull},mode=max`],
	});
	t.deepEqual(ran, []);
	const builder = await startBuildkitd(t);
	await succeed('cp', ['-r', ofPullRequest.config, dockerConfig(builder)]);
	const refused = await buildByBuildctl(builder, {context: context.folder, cacheTo: [`type=registry,ref=${main},mode=max`]});
	t.not(refused.exitCode, 0);
	t.regex(refused.log, /denied: oidc:github:repo:acme\/app:pull_request may not push to ci\/app:main/);
});

test('a job of GitLab CI logs in with its own identity', async t => {
	t.timeout(300_000);
	const {policy, job} = await chapterOf('GitLab CI');
	const {build: jobOf} = z
		.object({build: z.object({id_tokens: z.record(z.string(), z.object({aud: z.string()})), script: z.array(z.string())})})
		.parse(job);
	const issuer = await startIssuer(t);
	const registry = await startWith(t, policy, issuer, 'https://gitlab.example.com');
	const tokens = await Promise.all(
		Object.entries(jobOf.id_tokens).map(async ([name, {aud}]) => [name, await issuer.sign(gitlabClaims, {audience: aud})] as const),
	);
	const [dockerd, context] = [await startDockerd(t), await createContext(t, {bigBytes: 100_000})];
	await runJob(dockerd, registry, jobOf.script.join('\n'), Object.fromEntries(tokens));
	const main = `${registry.host}/ci/app:main`;
	await build(t, dockerd, {context, cacheFrom: [], cacheTo: [`type=registry,ref=${main},mode=max`]});
	t.deepEqual((await build(t, dockerd, {context, cacheFrom: fromRegistry(main), cacheTo: []})).ran, []);
});
