/** A layer of 2 GiB passes through the server, not through its memory. */
import {createHash} from 'node:crypto';
import test from 'ava';
import {cacheBuild, fromRegistry} from './harness/cacheBuild.ts';
import {createContext, lastStep} from './harness/context.ts';
import {startLayercache} from './harness/layercache.ts';
import {peakMiB} from './harness/processMemory.ts';
import {cacheLayers, getManifest} from './harness/registryClient.ts';
import {diskAndMinio} from './harness/storages.ts';
import {removeTree} from './harness/temporaryFolder.ts';

const layerBytes = 2 * 1024 ** 3;
const allowedMiB = 250;

for (const kind of diskAndMinio(test)) {
	test(`a layer of 2 GiB is pushed and pulled in less than ${allowedMiB} MiB of memory on ${kind.name}`, async t => {
		t.timeout(600_000);
		const storage = await kind.create(t);
		const registry = await startLayercache(t, {storage});
		const context = await createContext(t, {bigBytes: layerBytes});
		const ref = `${registry.host}/team/app:cache`;

		// Uncompressed, since gzip would take minutes and make the push slower than it ever is.
		const {builder} = await cacheBuild(t, {
			context,
			cacheTo: [`type=registry,ref=${ref},mode=max,compression=uncompressed,force-compression=true`],
		});
		await builder.stop();
		await removeTree(builder.folder);
		const layer = cacheLayers(await getManifest(registry, 'team/app', 'cache')).find(({size}) => size > layerBytes);
		if (!layer) return t.fail('no layer of 2 GiB was pushed');

		await context.writeSource(2);
		t.deepEqual((await cacheBuild(t, {context, cacheFrom: fromRegistry(ref)})).ran, lastStep);
		const peak = await peakMiB(registry.pid);
		t.log(`pushed and pulled by BuildKit: ${peak.toFixed()} MiB`);
		t.true(peak < allowedMiB, `${peak} MiB`);

		// On S3 the pull went past the server; here every byte goes through it.
		const streaming = await startLayercache(t, {storage, env: {LAYERCACHE_REDIRECT_DOWNLOADS: 'never'}});
		const answer = await fetch(`${streaming.url}/v2/team/app/blobs/${layer.digest}`, {redirect: 'error'});
		const hash = createHash('sha256');
		for await (const bytes of answer.body ?? []) hash.update(bytes);
		t.is(`sha256:${hash.digest('hex')}`, layer.digest);
		const streamingPeak = await peakMiB(streaming.pid);
		t.log(`streamed to a plain client: ${streamingPeak.toFixed()} MiB`);
		t.true(streamingPeak < allowedMiB, `${streamingPeak} MiB`);
	});
}
