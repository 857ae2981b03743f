/** The whole application on a free port, with its log and a client; ends with the test. */
import {EventEmitter, once} from 'node:events';
import type {ExecutionContext} from 'ava';
import {type Found, startApp as start} from '../../src/app.ts';
import {parseSettings} from '../../src/config/settings.ts';
import type {OpenOldStore} from '../../src/oldBuckets.ts';
import {createMemoryStore} from '../../src/storage/memory.ts';
import type {ObjectStore} from '../../src/storage/objectStore.ts';
import {createLog} from '../../src/telemetry/log.ts';
import type {OpenUpstream} from '../../src/upstreams.ts';
import {createClient} from './client.ts';
import {policyFile} from './policy.ts';

export type LogLine = Record<string, unknown> & {msg: string};
export type StartOptions = {
	store?: ObjectStore;
	environment?: Record<string, string>;
	clock?: () => number;
	elapsed?: () => number;
	found?: Found;
	/** The policy file, as YAML. */
	policy?: string;
	openOldStore?: OpenOldStore;
	openUpstream?: OpenUpstream;
};

export const startApp = async (
	t: ExecutionContext,
	{store: given, environment = {}, clock = Date.now, elapsed, found, policy, openOldStore, openUpstream}: StartOptions = {},
) => {
	// Nobody waits for the end of a deletion: the store's clock is set to it.
	let skippedMs = 0;
	const store = given ?? createMemoryStore({now: () => new Date(Date.now() + skippedMs)});
	const wait = async (ms: number) => {
		skippedMs += ms;
	};
	const log: LogLine[] = [];
	const lines = new EventEmitter();
	const {settings} = parseSettings({
		LAYERCACHE_PORT: '0',
		LAYERCACHE_STORE: 'memory',
		LAYERCACHE_DRAIN_SECONDS: '0',
		...(policy && {LAYERCACHE_POLICY: await policyFile(t, policy)}),
		...environment,
	});
	const app = await start({
		settings,
		store,
		clock,
		elapsed,
		found,
		openOldStore,
		openUpstream,
		...(!given && {wait}),
		log: createLog(
			{format: 'json', level: 'debug'},
			{
				write(line) {
					const parsed: LogLine = JSON.parse(line);
					log.push(parsed);
					lines.emit(String(parsed.kind));
				},
			},
		),
	});
	t.teardown(app.stop);
	const url = `${settings.tlsCert ? 'https' : 'http'}://127.0.0.1:${app.server.address.port}`;
	/** Resolves when the next request of this kind has its line in the log. */
	const over = (kind: string) => once(lines, kind);
	return {app, url, store, log, over, client: createClient(url)};
};
