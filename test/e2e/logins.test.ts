/** Every client logs in and works, as each kind of identity. */
import {mkdir, readFile, writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import test, {type ExecutionContext} from 'ava';
import {type Build, buildByBuildctl, buildByBuildx, dockerConfig} from './harness/build.ts';
import {cacheBuild, everyStepIsCached, fromRegistry} from './harness/cacheBuild.ts';
import {createContext} from './harness/context.ts';
import {type Dockerd, startDockerd} from './harness/dockerd.ts';
import {imageClient} from './harness/imageClients.ts';
import {type LogInKind, plainConfig, type SecuredLayercache, startSecuredLayercache} from './harness/securedLayercache.ts';
import {startSlowProxy} from './harness/slowProxy.ts';

const kinds: readonly LogInKind[] = ['a user', 'a static token', "a job's id token"];
const clients = {buildctl: buildByBuildctl, buildx: buildByBuildx};

/** The same client, with log-ins in the place where it looks for them. */
const loggedIn =
	(build: Build, config: string): Build =>
	async (builder, options) => {
		await mkdir(dockerConfig(builder), {recursive: true});
		await writeFile(join(dockerConfig(builder), 'config.json'), config);
		return build(builder, options);
	};

/** Answers what docker has written down of it: a token that renews, and no password. */
const dockerLogin = async (
	t: ExecutionContext,
	{docker, config}: Dockerd,
	host: string,
	{username, password}: {username: string; password: string},
) => {
	await docker('login', host, '--username', username, '--password', password);
	const written = await readFile(join(config, 'config.json'), 'utf8');
	t.truthy(JSON.parse(written).auths[host].identitytoken);
	t.false(written.includes(Buffer.from(`${username}:${password}`).toString('base64')));
	return written;
};

for (const kind of kinds) {
	for (const [client, build] of Object.entries(clients)) {
		test(`${client} exports and imports a cache as ${kind}, by a password and by what docker login keeps`, async t => {
			t.timeout(300_000);
			const registry = await startSecuredLayercache(t);
			const ref = `${registry.host}/team/app:cache`;
			const context = await createContext(t, {bigBytes: 1_000_000});
			const cacheTo = [`type=registry,ref=${ref},mode=max`];
			const login = await registry.logIn(kind);
			const byPassword = loggedIn(build, plainConfig(registry.host, login));
			const image = `type=image,name=${registry.host}/team/app:1.0,push=true`;
			const {packed} = await cacheBuild(t, {context, build: byPassword, cacheTo, outputs: [image]});
			await everyStepIsCached(t, {context, build: byPassword, cacheFrom: fromRegistry(ref), packed});

			const byIdentityToken = loggedIn(build, await dockerLogin(t, await startDockerd(t), registry.host, login));
			await everyStepIsCached(t, {context, build: byIdentityToken, cacheFrom: fromRegistry(ref), packed});
			await context.writeSource(2);
			const changed = await cacheBuild(t, {context, build: byIdentityToken, cacheFrom: fromRegistry(ref), cacheTo});
			t.deepEqual(changed.ran, ['pack']);
		});
	}

	test(`crane, regctl, skopeo and docker log in, push and pull as ${kind}`, async t => {
		t.timeout(300_000);
		const registry = await startSecuredLayercache(t);
		const {host} = registry;
		const login = await registry.logIn(kind);
		const {username, password} = login;
		const context = await createContext(t, {bigBytes: 100_000});
		const outputs = [`type=image,name=${host}/team/app:1.0,push=true`];
		await cacheBuild(t, {context, build: loggedIn(buildByBuildx, plainConfig(host, login)), outputs});

		const crane = await imageClient(t, 'crane', registry);
		await crane.run('auth', 'login', host, '--username', username, '--password', password);
		await crane.run('copy', `${host}/team/app:1.0`, `${host}/team/by-crane:1.0`);
		await crane.run('validate', '--remote', `${host}/team/by-crane:1.0`);
		t.is(await crane.run('ls', `${host}/team/by-crane`), '1.0\n');
		t.regex(await crane.run('catalog', host), /^team\/app$/m);
		await crane.run('delete', `${host}/team/by-crane:1.0`);

		const regctl = await imageClient(t, 'regctl', registry);
		await regctl.run('registry', 'login', host, '--user', username, '--pass', password);
		await regctl.run('image', 'copy', `${host}/team/app:1.0`, `${host}/team/by-regctl:1.0`);
		t.is(await regctl.run('tag', 'ls', `${host}/team/by-regctl`), '1.0\n');

		const skopeo = await imageClient(t, 'skopeo', registry);
		const insecure = ['--insecure-policy', '--src-tls-verify=false', '--dest-tls-verify=false'];
		await skopeo.run('login', '--tls-verify=false', '--username', username, '--password', password, host);
		await skopeo.run('copy', '--all', ...insecure, `docker://${host}/team/app:1.0`, `docker://${host}/team/by-skopeo:1.0`);
		await skopeo.run('inspect', '--tls-verify=false', '--no-tags', `docker://${host}/team/by-skopeo:1.0`);

		const dockerd = await startDockerd(t);
		await dockerLogin(t, dockerd, host, login);
		await dockerd.docker('pull', `${host}/team/app:1.0`);
		await dockerd.docker('tag', `${host}/team/app:1.0`, `${host}/team/by-docker:1.0`);
		await dockerd.docker('push', `${host}/team/by-docker:1.0`);
	});
}

test('without a log-in, with a wrong one, and where a right ends, every client is told', async t => {
	t.timeout(300_000);
	const registry = await startSecuredLayercache(t);
	const {host} = registry;
	const context = await createContext(t, {bigBytes: 100_000});
	const login = await registry.logIn('a user');
	const failing = async (build: Build, repository: string) => {
		const builder = cacheBuild(t, {context, build});
		const {log, exitCode} = await build((await builder).builder, {
			context: context.folder,
			cacheTo: [`type=registry,ref=${host}/${repository}:cache`],
		});
		t.not(exitCode, 0, log);
		return log;
	};
	const right = plainConfig(host, login);
	const wrong = plainConfig(host, {...login, password: 'wrong'});
	t.regex(await failing(loggedIn(buildByBuildctl, '{}'), 'team/app'), /401 Unauthorized|insufficient_scope|authorization failed/);
	t.regex(await failing(loggedIn(buildByBuildx, wrong), 'team/app'), /unauthorized: the user name or the password is wrong/);
	t.regex(await failing(loggedIn(buildByBuildctl, right), 'other/app'), /denied: user:alice may not pull from other\/app/);

	const dockerd = await startDockerd(t);
	const attempts = [
		dockerd.attempt('login', host, '--username', login.username, '--password', 'wrong'),
		(await imageClient(t, 'skopeo', registry)).attempt('login', '--tls-verify=false', '-u', login.username, '-p', 'wrong', host),
		(await imageClient(t, 'regctl', registry)).attempt('registry', 'login', host, '--user', login.username, '--pass', 'wrong'),
		(await imageClient(t, 'crane', registry)).attempt('ls', `${host}/team/app`),
	];
	for (const {exitCode, output} of await Promise.all(attempts)) {
		t.not(exitCode, 0, output);
		t.regex(output, /unauthorized|401|invalid username\/password/i);
	}
});

test('an export that takes longer than its token and its id token live succeeds', async t => {
	t.timeout(480_000);
	const registry = await startSecuredLayercache(t, {LAYERCACHE_AUTH_TOKEN_LIFE: '60s'});
	const slow = await startSlowProxy(t, registry.url, 110_000);
	const config = await dockerLogin(t, await startDockerd(t), slow, await registry.logIn("a job's id token", 30));
	const context = await createContext(t, {bigBytes: 8_000_000});
	const build = loggedIn(buildByBuildx, config);
	const ref = (host: string) => `${host}/team/app:cache`;
	const {builder, packed} = await cacheBuild(t, {context, build});
	const startedAt = performance.now();
	const {exitCode, log} = await build(builder, {context: context.folder, cacheTo: [`type=registry,ref=${ref(slow)},mode=max`]});
	t.is(exitCode, 0, log);
	const seconds = (performance.now() - startedAt) / 1000;
	t.true(seconds > 65, `${seconds} s are no longer than the token lives`);
	await everyStepIsCached(t, {context, build: await byUser(registry), cacheFrom: fromRegistry(ref(registry.host)), packed});
});

const byUser = async (registry: SecuredLayercache) => loggedIn(buildByBuildctl, plainConfig(registry.host, await registry.logIn('a user')));
