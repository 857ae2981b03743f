/** The sweeper inside the server: what the log and the metrics say of it, and that a server that ends does not wait for it. */
import test, {type ExecutionContext} from 'ava';
import {startApp} from '../../src/app.ts';
import {parseSettings} from '../../src/config/settings.ts';
import {createLog} from '../../src/telemetry/log.ts';
import type {LogLine} from '../support/app.ts';
import {createClient} from '../support/client.ts';
import {startStoreOnDouble} from '../support/s3DoubleStore.ts';
import {until} from '../support/until.ts';

/** A server on the double that sweeps as soon as it listens. */
const startSweeping = async (t: ExecutionContext, prepare: (double: Awaited<ReturnType<typeof startStoreOnDouble>>['double']) => void) => {
	const {double, store} = await startStoreOnDouble(t, {}, {tuning: {patienceSeconds: 0.05}});
	prepare(double);
	const log: LogLine[] = [];
	const {settings} = parseSettings({LAYERCACHE_PORT: '0', LAYERCACHE_STORE: 'memory', LAYERCACHE_DRAIN_SECONDS: '0'});
	const app = await startApp({
		settings,
		store,
		clock: Date.now,
		random: () => 0,
		log: createLog({format: 'json', level: 'debug'}, {write: line => void log.push(JSON.parse(line))}),
	});
	const stop = () => app.stop();
	t.teardown(stop);
	return {double, log, stop, client: createClient(`http://127.0.0.1:${app.server.address.port}`)};
};

test('uploads that a crash left are aborted soon after the start, and counted in the log and the metrics', async t => {
	const {double, log, client} = await startSweeping(t, ({bucket}) => {
		for (const key of ['repos/a', 'repos/b']) {
			const upload = bucket.uploads.get(bucket.begin(key, 'application/octet-stream'));
			if (upload) upload.startedAt = new Date(Date.now() - 30 * 3_600_000);
		}
		bucket.begin('repos/young', 'application/octet-stream');
	});
	await until(() => log.some(({msg}) => msg === 'swept'));
	t.like(
		log.find(({msg}) => msg === 'swept'),
		{what: 'unfinished uploads', removed: 2, level: 'info'},
	);
	t.deepEqual(
		[...double.bucket.uploads.values()].map(({key}) => key),
		['repos/young'],
	);
	t.regex((await client.get('/metrics')).text, /^layercache_swept_total\{what="unfinished uploads"\} 2$/m);
});

test('a sweep that S3 refuses is a warning, and the server goes on', async t => {
	const {log, client} = await startSweeping(t, double => {
		double.faults = ({operation}) => (operation === 'ListMultipartUploads' ? {refuse: {status: 403, code: 'AccessDenied'}} : undefined);
	});
	await until(() => log.some(({msg}) => msg === 'sweep failed'));
	const line = log.find(({msg}) => msg === 'sweep failed');
	t.like(line, {what: 'unfinished uploads', level: 'warn'});
	t.regex(JSON.stringify(line), /ListMultipartUploads.*AccessDenied/);
	t.is((await client.get('/v2/')).status, 200);
});

test('a server that ends in the middle of a sweep does not wait for it, nor complain', async t => {
	const held = Promise.withResolvers<void>();
	t.teardown(held.resolve);
	const {double, log, stop} = await startSweeping(t, target => {
		target.faults = ({operation}) => (operation === 'ListMultipartUploads' ? {hold: held.promise} : undefined);
	});
	await until(() => double.count('ListMultipartUploads') === 1);
	await stop();
	t.false(log.some(({level}) => level === 'warn' || level === 'error'));
});
