/** The life of the server process: reads the environment, serves, and ends when it is told to. */
import cluster from 'node:cluster';
import type {AddressInfo} from 'node:net';
import type {AppOptions} from './app.ts';
import {parseSettings, type Settings, SettingsInvalid} from './config/settings.ts';
import {buildLines} from './http/welcome.ts';
import {isLoopbackAddress} from './lib/loopback.ts';
import {StoreUnavailable, StoreUnfit} from './storage/objectStore.ts';
import {createLog} from './telemetry/log.ts';
import {version} from './version.ts';
import {FirstWorkerEnded, startWorkers} from './workers.ts';

/** Serves until SIGTERM or SIGINT; a second one ends the process at once. A start that fails says why, and leaves an exit code. */
export const serve = async (): Promise<void> => {
	try {
		await (cluster.isWorker ? startWorking() : startServing());
	} catch (error) {
		if (!(error instanceof FirstWorkerEnded && error.hasSaidWhy)) console.error(await explanation(error));
		process.exitCode = 1;
		// A worker would live on for what the primary may have to say.
		if (cluster.isWorker) process.exit();
	}
};

const startServing = async (): Promise<void> => {
	const {settings, ignored, log, onTerminal} = readEnvironment();
	if (ignored.length > 0)
		log.warn(
			{ignored},
			'variables that Kubernetes injects for a Service of this name are no settings; enableServiceLinks: false leaves them out',
		);

	const {server, reload, stop} =
		settings.workers > 1 ? await startWorkers({count: settings.workers, log}) : await startHere({settings, log, clock: Date.now});
	const {address} = server.address;
	const url = settings.publicUrl ?? urlOf(server.address, settings.tlsCert ? 'https' : 'http');
	log.info({version, url: url.origin, store: settings.store, ...(settings.workers > 1 && {workers: settings.workers})}, 'listening');
	if (!isLoopbackAddress(address) && settings.auth === 'none')
		log.warn({address}, 'anyone who reaches this address may read, push and delete');
	if (onTerminal) process.stdout.write(`\n${buildLines(url)}\n\n`);

	let stopping = false;
	const end = async (signal: string) => {
		if (stopping) process.exit(1);
		stopping = true;
		log.info({signal, drainSeconds: settings.drainSeconds}, 'stopping: requests under way may end');
		await stop();
		log.info({}, 'stopped');
	};
	process.on('SIGTERM', end);
	process.on('SIGINT', end);
	// Without files that are read again it means what it always does: the terminal is gone.
	if (readsFiles(settings)) process.on('SIGHUP', () => void reload());
};

/** One of several processes; the primary tells the rest of the start. */
const startWorking = async () => {
	const {settings, log} = readEnvironment();
	const {work} = await import('./worker.ts');
	await work({settings, log});
};

// Not loaded by a primary, which has to be small.
const startHere = async (options: AppOptions) => {
	const {startApp} = await import('./app.ts');
	return startApp(options);
};

const readsFiles = ({policy, tlsCert, htpasswd, authKeyFile, auditFile}: Settings) =>
	[policy, tlsCert, htpasswd, authKeyFile, auditFile].some(file => file !== undefined);

const readEnvironment = () => {
	const {settings, ignored} = parseSettings(process.env);
	const onTerminal = process.stdout.isTTY === true;
	const log = createLog({format: settings.log ?? (onTerminal ? 'pretty' : 'json'), level: settings.logLevel});
	return {settings, ignored, log, onTerminal};
};

/** Where this machine reaches us; every interface is shown as the loopback one. */
const urlOf = ({address, family, port}: AddressInfo, scheme: string) => {
	const host = {'0.0.0.0': '127.0.0.1', '::': '[::1]'}[address] ?? (family === 'IPv6' ? `[${address}]` : address);
	return new URL(`${scheme}://${host}:${port}`);
};

/** What a person can mend is told in a sentence; only the unforeseen shows its stack. */
const explanation = async (error: unknown): Promise<unknown> => {
	const [{CannotListen}, {CertificateUnusable}, {PolicyInvalid}, {AuditFileUnusable}, {HtpasswdInvalid}, {SigningKeysInvalid}] =
		await Promise.all([
			import('./http/server.ts'),
			import('./http/certificate.ts'),
			import('./config/policy.ts'),
			import('./audit/auditFile.ts'),
			import('./auth/htpasswd.ts'),
			import('./auth/signingKeys.ts'),
		]);
	const files = [PolicyInvalid, CertificateUnusable, AuditFileUnusable, HtpasswdInvalid, SigningKeysInvalid];
	const types = [SettingsInvalid, ...files, CannotListen, StoreUnfit, StoreUnavailable, FirstWorkerEnded];
	return error instanceof Error && types.some(type => error instanceof type) ? `layercache cannot start: ${error.message}` : error;
};
