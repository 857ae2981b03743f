/** What is upstream when the server in front of it is killed in the middle of pushes that go through. */
import {setTimeout as delay} from 'node:timers/promises';
import test from 'ava';
import {startDistribution} from './harness/distribution.ts';
import {freePort} from './harness/freePort.ts';
import {startInFront} from './harness/inFront.ts';
import {createPush, type Push, push, readBlob, readManifest} from './harness/pushClient.ts';
import {createRandom} from './harness/random.ts';
import {diskAndMinio} from './harness/storages.ts';
import {temporaryFolder} from './harness/temporaryFolder.ts';
import {until} from './harness/until.ts';

const kills = 30;
const layers = 20;
const layerBytes = 300_000;

for (const kind of diskAndMinio(test)) {
	for (const images of ['through', 'queued']) {
		test(`kill -9 at ${kills} moments of pushes of ${layers} layers (${images}): what was acknowledged is upstream, nothing there lacks a part, and a repeat succeeds on ${kind.name}`, async t => {
			t.timeout(600_000);
			const random = createRandom();
			t.log(`E2E_SEED=${random.seed}`);
			const upstream = await startDistribution(t, {kind: 'disk', folder: await temporaryFolder(t, 'upstream')});
			const options = {
				storage: await kind.create(t),
				upstream: `url: "${upstream.url}"`,
				route: `images: ${images}`,
				port: await freePort(),
			};
			const shared = random.bytes(layerBytes);
			const randomPush = (tag: string) =>
				createPush('team/app', tag, [shared, ...Array.from({length: layers - 1}, () => random.bytes(layerBytes))]);

			// How long a push takes depends on what else this machine does: what was acknowledged tells it, and who was interrupted would have taken longer.
			let typicalMs = 500;
			const acknowledged: Push[] = [];
			const interrupted: Push[] = [];
			for (let number = 1; number <= kills; number++) {
				const registry = await startInFront(t, options);
				const attempt = randomPush(`push-${number}`);
				const startedAt = performance.now();
				const killAfterMs = typicalMs * (0.3 + random.fraction());
				const outcome = push(registry, attempt).then(
					() => {
						typicalMs = performance.now() - startedAt;
						return acknowledged;
					},
					() => {
						typicalMs *= 1.2;
						return interrupted;
					},
				);
				await delay(killAfterMs);
				await registry.kill9();
				(await outcome).push(attempt);
			}
			t.log(`${acknowledged.length} acknowledged, ${interrupted.length} interrupted, about ${typicalMs.toFixed()} ms each`);
			t.true(interrupted.length >= 5);
			t.true(acknowledged.length >= 3);

			const wholeUpstream = async (attempt: Push) => {
				const blobs = await Promise.all([...attempt.blobs.keys()].map(digest => readBlob(upstream, attempt.repository, digest)));
				t.deepEqual(
					blobs,
					blobs.map(() => 'whole'),
					attempt.tag,
				);
			};
			const isUpstream = async (attempt: Push) => (await readManifest(upstream, attempt)) === 'whole';
			const registry = await startInFront(t, options);
			for (const attempt of acknowledged) {
				if (images === 'queued')
					await until(`${attempt.tag} to be there`, () => isUpstream(attempt), {seconds: 120, explain: registry.log});
				t.true(await isUpstream(attempt), attempt.tag);
				await wholeUpstream(attempt);
			}
			for (const attempt of interrupted) if (await isUpstream(attempt)) await wholeUpstream(attempt);
			for (const attempt of interrupted) {
				await push(registry, attempt);
				if (images === 'queued') await until(`${attempt.tag} to be there`, () => isUpstream(attempt), {seconds: 60, explain: registry.log});
				t.true(await isUpstream(attempt), attempt.tag);
				await wholeUpstream(attempt);
			}
		});
	}
}
