/** The life of the server process: reads the environment, serves, and ends when it is told to. */
import type {AddressInfo} from 'node:net';
import {startApp} from './app.ts';
import {parseSettings, SettingsInvalid} from './config/settings.ts';
import {CannotListen} from './http/server.ts';
import {buildLines} from './http/welcome.ts';
import {StoreUnavailable, StoreUnfit} from './storage/objectStore.ts';
import {createLog} from './telemetry/log.ts';
import {version} from './version.ts';

/** Serves until SIGTERM or SIGINT; a second one ends the process at once. A start that fails says why, and leaves an exit code. */
export const serve = async (): Promise<void> => {
	try {
		await startServing();
	} catch (error) {
		console.error(isForPeople(error) ? `layercache cannot start: ${error.message}` : error);
		process.exitCode = 1;
	}
};

const startServing = async (): Promise<void> => {
	const {settings, ignored} = parseSettings(process.env);
	const onTerminal = process.stdout.isTTY === true;
	const log = createLog({format: settings.log ?? (onTerminal ? 'pretty' : 'json'), level: settings.logLevel});
	if (ignored.length > 0)
		log.warn(
			{ignored},
			'variables that Kubernetes injects for a Service of this name are no settings; enableServiceLinks: false leaves them out',
		);

	const {server, stop} = await startApp({settings, log, clock: Date.now});
	const {address} = server.address;
	const url = settings.publicUrl ?? urlOf(server.address);
	log.info({version, url: url.origin, store: settings.store}, 'listening');
	if (!isLoopback(address)) log.warn({address}, 'anyone who reaches this address may read, push and delete');
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
};

/** Where this machine reaches us; every interface is shown as the loopback one. */
const urlOf = ({address, family, port}: AddressInfo) => {
	const host = {'0.0.0.0': '127.0.0.1', '::': '[::1]'}[address] ?? (family === 'IPv6' ? `[${address}]` : address);
	return new URL(`http://${host}:${port}`);
};

const isLoopback = (address: string) => address === '::1' || address.startsWith('127.');

/** What a person can mend is told in a sentence; only the unforeseen shows its stack. */
const isForPeople = (error: unknown): error is Error =>
	[SettingsInvalid, CannotListen, StoreUnfit, StoreUnavailable].some(type => error instanceof type);
