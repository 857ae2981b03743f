/** The collector inside the server: that it comes by itself, what the log and the metrics say. */
import test from 'ava';
import {mediaTypes} from 'oci-spec-types';
import {startApp} from '../../src/app.ts';
import {parseSettings} from '../../src/config/settings.ts';
import {createMemoryStore} from '../../src/storage/memory.ts';
import {createLog} from '../../src/telemetry/log.ts';
import type {LogLine} from '../support/app.ts';
import {createClient, describe, encode, imageOf} from '../support/client.ts';
import {until} from '../support/until.ts';

const dayMs = 86_400_000;

test('what nothing keeps goes by itself, a manifest before its layers', async t => {
	let now = Date.now();
	const log: LogLine[] = [];
	const {settings} = parseSettings({
		LAYERCACHE_PORT: '0',
		LAYERCACHE_STORE: 'memory',
		LAYERCACHE_DRAIN_SECONDS: '0',
		LAYERCACHE_GC_EVERY: '1s',
		LAYERCACHE_GC_GRACE: '1d',
		LAYERCACHE_GC_QUARANTINE: '1d',
	});
	const app = await startApp({
		settings,
		store: createMemoryStore({now: () => new Date(now)}),
		clock: () => now,
		elapsed: () => now,
		random: () => 0,
		log: createLog({format: 'json', level: 'debug'}, {write: line => void log.push(JSON.parse(line))}),
	});
	t.teardown(app.stop);
	const client = createClient(`http://127.0.0.1:${app.server.address.port}`);
	const manifests = `/v2/ci/app/manifests`;
	const put = (tag: string, layer: string) =>
		client.request('PUT', `${manifests}/${tag}`, {
			headers: {'Content-Type': mediaTypes.ociManifest},
			body: encode(imageOf(describe('{}', mediaTypes.ociConfig), [describe(layer)])),
		});
	for (const blob of ['{}', 'kept', 'gone']) await client.pushBlob('ci/app', blob);
	await put('kept', 'kept');
	t.is((await put('gone', 'gone')).status, 201);
	t.is((await client.request('DELETE', `${manifests}/gone`)).status, 202);
	const layer = `/v2/ci/app/blobs/${describe('gone').digest}`;

	const cycles = () => log.filter(({msg}) => msg === 'garbage collected');
	const deletedSoFar = () => cycles().reduce((sum, {deleted}) => sum + (deleted as {objects: number}).objects, 0);
	/** A cycle that began after so much time. */
	const pass = async (ms: number) => {
		now += ms;
		const before = cycles().length;
		await until(() => cycles().length > before);
	};
	await pass(dayMs + 1000);
	await pass(dayMs + 1000);
	t.is(deletedSoFar(), 3, 'the manifest, the document of the tag, and its marker');
	t.is((await client.head(layer)).status, 200);
	await pass(dayMs + 1000);
	t.is(deletedSoFar(), 4);
	t.is((await client.head(layer)).status, 404);
	t.is((await client.head(`${manifests}/kept`)).status, 200);
	const metrics = (await client.get('/metrics')).text;
	t.regex(metrics, /^layercache_gc_objects_total\{did="deleted"\} 4$/m);
	t.regex(metrics, /^layercache_gc_cycles_total\{outcome="done"\} [3-9]$/m);
});
