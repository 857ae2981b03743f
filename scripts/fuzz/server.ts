/** The server that is fuzzed, in a process of its own, so that its heap is measured alone: `node --expose-gc`. Told what to do by its parent. */
import {createHash} from 'node:crypto';
import process, {env, exit, memoryUsage} from 'node:process';
import {startApp} from '../../src/app.ts';
import {parseSettings} from '../../src/config/settings.ts';
import {createMemoryStore} from '../../src/storage/memory.ts';
import {createLog} from '../../src/telemetry/log.ts';
import {secretMark} from './world.ts';

/** `heapBytes`: what is alive, buffers among it, once the store has only what nobody may touch. `vault`: a digest of all that. */
export type Measured = {heapBytes: number; vault: string; failures: string[]; leaks: string[]};
export type ToServer = 'measure' | 'stop';
export type FromServer = {port: number} | {measured: Measured};

// Nobody waits for the end of a deletion: the store's clock is set to it.
let skippedMs = 0;
const store = createMemoryStore({now: () => new Date(Date.now() + skippedMs)});
const failures: string[] = [];
const leaks: string[] = [];
const kept = 20;

const {settings} = parseSettings({...env, LAYERCACHE_PORT: '0', LAYERCACHE_STORE: 'memory', LAYERCACHE_DRAIN_SECONDS: '0'});
const app = await startApp({
	settings,
	store,
	clock: Date.now,
	async wait(ms) {
		skippedMs += ms;
	},
	log: createLog(
		{format: 'json', level: 'info'},
		{
			write(line) {
				if (line.includes('"level":"error"') && failures.length < kept) failures.push(line.trim());
				if (line.includes(secretMark) && leaks.length < kept) leaks.push(line.trim());
			},
		},
	),
});

const isKept = (key: string) => /^(?:layout\.json|auth\/|repos\/(?:vault|shown)\/)/.test(key);

const keysOf = async () => (await Array.fromAsync(store.list(''))).flatMap(entry => ('key' in entry ? [entry] : []));

const measure = async (): Promise<Measured> => {
	await store.remove((await keysOf()).map(({key}) => key).filter(key => !isKept(key)));
	const entries = await keysOf();
	const vault = createHash('sha256').update(
		JSON.stringify(entries.filter(({key}) => key.includes('vault')).map(({key, etag}) => [key, etag])),
	);
	for (let round = 0; round < 3; round += 1) {
		globalThis.gc?.();
		await new Promise(setImmediate);
	}
	const {heapUsed, external} = memoryUsage();
	return {heapBytes: heapUsed + external, vault: vault.digest('hex'), failures, leaks};
};

const tell = (message: FromServer) => process.send?.(message);

process.on('message', async (asked: ToServer) => {
	if (asked === 'measure') return tell({measured: await measure()});
	await app.stop();
	exit(0);
});
process.on('disconnect', () => exit(1));
tell({port: app.server.address.port});
