/** BuildKit and its clients over TLS, with a certificate that is renewed under way. */
import {copyFile, mkdir, rename, writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import {execPath} from 'node:process';
import {hash} from '@node-rs/bcrypt';
import test, {type ExecutionContext} from 'ava';
import {makeCertificate} from '../support/certificates.ts';
import {secureRequest} from '../support/secureRequest.ts';
import {buildByBuildctl, buildByBuildx, dockerConfig} from './harness/build.ts';
import {type Buildkitd, startBuildkitd} from './harness/buildkitd.ts';
import {createContext} from './harness/context.ts';
import {startDaemon} from './harness/daemon.ts';
import {freePort} from './harness/freePort.ts';
import {checkout, environmentWithoutSettings} from './harness/layercache.ts';
import {plainConfig} from './harness/securedLayercache.ts';
import {temporaryFolder} from './harness/temporaryFolder.ts';

const alice = {username: 'alice', password: 'correct horse battery staple'};

const startSecureServer = async (t: ExecutionContext) => {
	const folder = await temporaryFolder(t, 'tls');
	const [first, second] = [await makeCertificate(folder), await makeCertificate(folder)];
	const [cert, key, users, ca] = ['tls.crt', 'tls.key', 'users', 'ca.pem'].map(name => join(folder, name)) as [
		string,
		string,
		string,
		string,
	];
	await copyFile(first.cert, cert);
	await copyFile(first.key, key);
	await writeFile(ca, first.pem + second.pem);
	await writeFile(users, `${alice.username}:${await hash(alice.password, 10)}\n`);
	const host = `127.0.0.1:${await freePort()}`;
	const url = `https://${host}`;
	const daemon = await startDaemon(t, {
		name: 'layercache',
		command: execPath,
		args: ['src/main.ts'],
		cwd: checkout,
		env: {
			...environmentWithoutSettings(),
			...{LAYERCACHE_PORT: host.split(':')[1], LAYERCACHE_DISK_PATH: join(folder, 'data')},
			...{LAYERCACHE_TLS_CERT: cert, LAYERCACHE_TLS_KEY: key, LAYERCACHE_AUTH: 'required', LAYERCACHE_AUTH_HTPASSWD: users},
		},
		isReady: () =>
			secureRequest(`${url}/readyz`, {ca: first.pem}).then(
				({status}) => status === 200,
				() => false,
			),
	});
	/** Resolves when new connections get it. */
	const renew = async () => {
		for (const [from, to] of [
			[second.key, key],
			[second.cert, cert],
		] as const) {
			await copyFile(from, `${to}.new`);
			await rename(`${to}.new`, to);
		}
		process.kill(daemon.pid, 'SIGHUP');
		const isShown = () =>
			secureRequest(`${url}/readyz`, {ca: second.pem}).then(
				() => true,
				() => false,
			);
		while (!(await isShown()));
	};
	return {host, ca, renew};
};

test('caches are exported and imported over TLS, before and after its certificate was renewed', async t => {
	t.timeout(300_000);
	const {host, ca, renew} = await startSecureServer(t);
	const [{folder: context}, ref] = [await createContext(t, {bigBytes: 1_000_000}), `${host}/team/app:cache`];
	const secureBuilder = async (): Promise<Buildkitd> => {
		// On the loopback BuildKit speaks plain HTTP unless it is told.
		const builder = await startBuildkitd(t, {config: `[registry."${host}"]\n  http = false\n  ca = [${JSON.stringify(ca)}]\n`});
		await mkdir(dockerConfig(builder), {recursive: true});
		await writeFile(join(dockerConfig(builder), 'config.json'), plainConfig(host, alice));
		return builder;
	};
	const cache = {cacheTo: [`type=registry,ref=${ref},mode=max`], cacheFrom: [`type=registry,ref=${ref}`]};
	// The clients ask for tokens themselves, with what they trust.
	const env = {SSL_CERT_FILE: ca};
	const builder = await secureBuilder();
	const first = await buildByBuildctl(builder, {context, env, cacheTo: cache.cacheTo});
	t.is(first.exitCode, 0, first.log);
	await renew();
	// The builder's connections are still those of before.
	const again = await buildByBuildctl(builder, {context, env, ...cache});
	t.is(again.exitCode, 0, again.log);
	const elsewhere = await buildByBuildx(await secureBuilder(), {context, env, cacheFrom: cache.cacheFrom});
	t.is(elsewhere.exitCode, 0, elsewhere.log);
	t.deepEqual(elsewhere.ran, []);
	t.true(elsewhere.cached.length > 0);
});
