/**
 * Everything at once, with the real parts: BuildKits that export and import, retention and the collector every second, replicas that are
 * killed. `SOAK_MINUTES` makes it longer, `SOAK_LOG` names a file for the servers' logs, `E2E_SEED` brings a run back, as far as the order of what happens is its own.
 */
import {writeFile} from 'node:fs/promises';
import {env} from 'node:process';
import test from 'ava';
import {startBuildkitd} from './harness/buildkitd.ts';
import {policySetting} from './harness/policy.ts';
import {createRandom} from './harness/random.ts';
import {startReplicas} from './harness/replicas.ts';
import {startKilling} from './harness/soak/killing.ts';
import {watchReports} from './harness/soak/reports.ts';
import {createScenario, policyOf} from './harness/soak/scenario.ts';
import {runWorkers} from './harness/soak/workers.ts';
import {minio} from './harness/storages.ts';
import {openBucket, verifyBucket} from './harness/verifyBucket.ts';

const minutes = Number(env.SOAK_MINUTES ?? 2);
const builders = 8;
const storages = minio(test);

test(`${builders} builders, a collector every second and replicas that die: no build fails and nothing that is kept is missed`, async t => {
	t.timeout((minutes * 60 + 480) * 1000);
	const random = createRandom();
	t.log(`E2E_SEED=${random.seed}`);
	const storage = await storages.create(t);
	if (storage.kind !== 's3') throw new Error('replicas share a bucket');
	const daemons = await Promise.all(Array.from({length: builders}, () => startBuildkitd(t)));

	// The longest build of a first round says how long they take here, and from that follow all lifetimes.
	const calm = {...(await policySetting(t, policyOf(3600))), LAYERCACHE_GC_EVERY: 'never'};
	const warmUp = await startReplicas(t, storage, calm);
	const scenario = createScenario(warmUp.proxy.host, random);
	const first = await runWorkers(t, {daemons, scenario, until: async round => round < 2});
	t.deepEqual(first.failures, []);
	const quarantineSeconds = Math.max(12, Math.ceil((3 * first.longestMs) / 1000));
	const policy = await policySetting(t, policyOf(quarantineSeconds));
	await Promise.all([warmUp.proxy, ...warmUp.replicas].map(server => server.stop()));

	const settings = {
		...policy,
		LAYERCACHE_GC_EVERY: '1s',
		LAYERCACHE_GC_GRACE: `${quarantineSeconds}s`,
		LAYERCACHE_GC_QUARANTINE: `${quarantineSeconds}s`,
	};
	const {replicas, proxy, start} = await startReplicas(t, storage, settings);
	scenario.moveTo(proxy.host);
	const store = openBucket(t, storage);
	const reports = watchReports(store);
	const killing = startKilling({replicas, start, random});
	// With builds as slow as on a busy machine, two minutes would end before anything can be deleted.
	const endsAt = performance.now() + Math.max(minutes * 60, 6 * quarantineSeconds) * 1000;
	const soaked = await runWorkers(t, {
		daemons,
		scenario,
		until: async () => {
			await reports.look();
			return performance.now() < endsAt;
		},
	});
	const {kills, logs} = await killing.stop();
	await reports.look();
	const {findings, checked} = await verifyBucket(store);

	t.log(
		`longest build ${(soaked.longestMs / 1000).toFixed(1)} s, in the first round ${(first.longestMs / 1000).toFixed(1)} s, quarantine ${quarantineSeconds} s`,
	);
	t.log(`${soaked.exports} exports, ${soaked.imports} imports, ${soaked.hits} of them of what is kept; ${kills} kills`);
	t.log(
		`${reports.cycles} cycles took ${reports.removedRefs} refs, condemned ${reports.condemnedObjects} objects, freed ${reports.freedObjects} and deleted ${reports.deletedObjects} of ${(reports.deletedBytes / 1e6).toFixed(1)} MB`,
	);
	t.log(`verify read ${checked.count} blobs and manifests`);
	for (const failure of soaked.failures) t.log(failure);
	if (env.SOAK_LOG) await writeFile(env.SOAK_LOG, logs.join('\n'));
	t.deepEqual(findings, []);
	t.is(soaked.failures.length, 0);
	t.true(kills > minutes);
	t.true(soaked.hits > builders);
	// Much that was pushed must be gone, or nothing was tried.
	t.true(reports.deletedObjects > 20 * minutes, `only ${reports.deletedObjects} objects were deleted`);
	t.true(reports.removedRefs > 0);
});
