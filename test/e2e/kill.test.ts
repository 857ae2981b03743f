/** What is left when the server is killed in the middle of pushes. */
import {setTimeout as delay} from 'node:timers/promises';
import test from 'ava';
import {freePort} from './harness/freePort.ts';
import {startLayercache} from './harness/layercache.ts';
import {createPush, type Push, push, readBlob, readManifest} from './harness/pushClient.ts';
import {createRandom} from './harness/random.ts';
import {diskAndMinio} from './harness/storages.ts';

const pushes = 50;
const largestBlobBytes = 6_000_000;

for (const kind of diskAndMinio(test)) {
	test(`kill -9 amid ${pushes} pushes leaves no blob with wrong bytes and every acknowledged push on ${kind.name}`, async t => {
		t.timeout(600_000);
		const random = createRandom();
		t.log(`E2E_SEED=${random.seed}`);
		const options = {storage: await kind.create(t), port: await freePort()};
		const shared = random.bytes(2_000_000);
		const randomPush = (tag: string) => {
			const contents = [1, 2, 3].map(() => random.bytes(1 + Math.floor(random.fraction() ** 2 * largestBlobBytes)));
			return createPush('team/app', tag, [shared, ...contents]);
		};

		// One push in peace tells how long they take, so that the kills fall into them and not beside.
		const calm = await startLayercache(t, options);
		const first = randomPush('calm');
		const startedAt = performance.now();
		await push(calm, first);
		const typicalMs = performance.now() - startedAt;
		await calm.kill9();

		const acknowledged: Push[] = [first];
		const interrupted: Push[] = [];
		for (let number = 1; number <= pushes; number++) {
			const registry = await startLayercache(t, options);
			const attempt = randomPush(`push-${number}`);
			const outcome = push(registry, attempt).then(
				() => acknowledged,
				() => interrupted,
			);
			await delay(random.fraction() * typicalMs * 1.5);
			await registry.kill9();
			(await outcome).push(attempt);
		}
		t.log(`${acknowledged.length} acknowledged, ${interrupted.length} interrupted, about ${typicalMs.toFixed()} ms each`);
		t.true(interrupted.length >= 5);
		t.true(acknowledged.length >= 5);

		const registry = await startLayercache(t, options);
		const states = async (attempt: Push) => ({
			manifest: await readManifest(registry, attempt),
			blobs: await Promise.all([...attempt.blobs.keys()].map(digest => readBlob(registry, attempt.repository, digest))),
		});
		for (const attempt of acknowledged) {
			const {manifest, blobs} = await states(attempt);
			t.deepEqual([manifest, ...blobs], ['whole', ...blobs.map(() => 'whole')], attempt.tag);
		}
		for (const attempt of interrupted) {
			const {manifest, blobs} = await states(attempt);
			// Its answer may be all that was lost: then it is there, and complete.
			const possible = manifest === 'absent' ? ['whole', 'absent'] : ['whole'];
			t.deepEqual(
				[...blobs, manifest === 'corrupt' ? manifest : 'whole'].filter(state => !possible.includes(state)),
				[],
				attempt.tag,
			);
		}
		// The store takes pushes as before.
		for (const attempt of interrupted) await push(registry, attempt);
		for (const attempt of interrupted) t.is(await readManifest(registry, attempt), 'whole');
	});
}
