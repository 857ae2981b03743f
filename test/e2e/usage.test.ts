/** What is written down of a real builder's exports and imports: one push and one import for each. */
import test from 'ava';
import {z} from 'zod';
import {cacheBuild, everyStepIsCached, fromRegistry} from './harness/cacheBuild.ts';
import {createContext} from './harness/context.ts';
import {startLayercache} from './harness/layercache.ts';
import {minio} from './harness/storages.ts';

const storages = minio(test);

test('an export is one push, also one that finds nothing to do, and an import is one import, a missing one a miss', async t => {
	t.timeout(240_000);
	const registry = await startLayercache(t, {storage: await storages.create(t)});
	const context = await createContext(t, {bigBytes: 4_000_000});
	const ref = `${registry.host}/team/app:main`;
	const exported = [`type=registry,ref=${ref},mode=max`];
	const {packed, builder} = await cacheBuild(t, {context, cacheTo: exported, cacheFrom: fromRegistry(ref)});
	t.deepEqual(await counted(registry.url), {pushes: 1, hits: 0, misses: 1, fetches: 0});

	await cacheBuild(t, {context, builder, cacheTo: exported});
	t.deepEqual(await counted(registry.url), {pushes: 2, hits: 0, misses: 1, fetches: 0});

	// Two builds, one of which fetches the result.
	await everyStepIsCached(t, {context, cacheFrom: fromRegistry(ref), packed});
	const {fetches, ...rest} = await counted(registry.url);
	t.deepEqual(rest, {pushes: 2, hits: 2, misses: 1});
	t.true(fetches >= 1);
});

const counted = async (url: string) => {
	const text = await (await fetch(new URL('/metrics', url))).text();
	const of = (line: string) => z.coerce.number().parse(text.match(new RegExp(`^${line} (\\d+)$`, 'm'))?.[1] ?? 0);
	return {
		pushes: of('layercache_pushes_total'),
		hits: of('layercache_imports_total{outcome="hit"}'),
		misses: of('layercache_imports_total{outcome="miss"}'),
		fetches: of('layercache_layers_fetched_total{way="redirected"}') + of('layercache_layers_fetched_total{way="streamed"}'),
	};
};
