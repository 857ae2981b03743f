/** Cycles that are disturbed: killed, told to end, run beside others, or met by documents that cannot be read. */
import test from 'ava';
import {parseRepositoryName, parseTag} from 'oci-spec-types';
import {gcKeys} from '../../src/gc/gcKeys.ts';
import type {Retention} from '../../src/gc/retention.ts';
import {keys} from '../../src/registry/keys.ts';
import type {Removal} from '../../src/registry/removal.ts';
import {StoreUnavailable} from '../../src/storage/objectStore.ts';
import {createCollecting, graceMs, hourMs, kindsOf, nothingGoes, quarantineMs, runCycles} from '../support/collecting.ts';
import {keysOf} from '../support/stores.ts';

const repo = parseRepositoryName('ci/app');

test('a tag that somebody protects while a cycle is under way stays', async t => {
	const room = createCollecting();
	const digest = await room.push('ci/app', 'release', 'layer');
	const removal = {repo, kind: 'tag', tag: parseTag('release'), digest, pushedAt: new Date(room.time.now), reason: 'no room'} as const;
	const removed: Removal[] = [];
	const decideTogether = async () => {
		await room.point('ci/app', 'release', digest, {protected: true});
		return {removals: [{...removal, exclusiveBytes: 1}], budgets: []};
	};
	await room.collector({retention: () => ({...nothingGoes, decideTogether}), onRemoved: gone => void removed.push(gone)}).run();
	t.deepEqual(removed, []);
});

test('a tombstone that cannot be read ends no cycle, and its object goes a quarantine later', async t => {
	const room = createCollecting();
	await room.putManifest('ci/app', ['layer']);
	await room.putManifest('ci/other', ['layer']);
	room.pass(graceMs + 1);
	const collector = room.collector();
	await collector.run();
	const [tombstone] = await keysOf(room.store, 'repos/ci/app/_gc/');
	await room.store.write(String(tombstone), Buffer.from('{"state":'));
	await runCycles(room, collector, 8, quarantineMs + 1);
	t.deepEqual(await room.left(), []);
});

test('two collectors at once delete what one would', async t => {
	const room = createCollecting();
	await room.push('ci/app', 'main', 'kept');
	for (let index = 0; index < 20; index += 1) await room.putBlob('ci/app', `stray ${index}`);
	room.pass(graceMs + 1);
	// Each believes to hold the lease.
	const run = async () => {
		await room.collector().run();
		await room.store.remove([gcKeys.lease]);
	};
	for (let cycles = 0; cycles < 3; cycles += 1) {
		await Promise.allSettled([run(), run(), run()]);
		room.pass(quarantineMs + 1);
	}
	t.deepEqual(kindsOf(await room.left()), ['_blobs', '_blobs', '_manifests', '_tags']);
});

test('one collects at a time, and another takes over when the lease is not renewed any more', async t => {
	const room = createCollecting();
	await room.push('ci/app', 'main', 'kept');
	const entered = Promise.withResolvers<void>();
	const leave = Promise.withResolvers<void>();
	const slow = room.collector({
		retention: () => ({
			...nothingGoes,
			async decide() {
				entered.resolve();
				await leave.promise;
				return {removals: [], untaggedMs: 0};
			},
		}),
	});
	const first = slow.run();
	await entered.promise;
	t.like(await room.collector({holder: 'other'}).status(), {lease: {holder: 'test', expired: false}});
	t.deepEqual(await room.collector().run(), {report: undefined, because: 'held'});
	room.pass(100_000);
	t.truthy((await room.collector().run()).report);
	leave.resolve();
	await t.notThrowsAsync(first.catch(() => undefined));
});

test('a cycle goes on after the repository that was done when it was killed', async t => {
	const room = createCollecting();
	for (const name of ['a', 'b', 'c']) await room.push(name, 'main', name);
	const seen: string[] = [];
	const stopAt = (name: string): Retention => ({
		...nothingGoes,
		async decide(inventory) {
			room.pass(60_000);
			seen.push(inventory.repo);
			if (inventory.repo === name) throw new StoreUnavailable('the store is away');
			return {removals: [], untaggedMs: 0};
		},
	});
	await t.throwsAsync(room.collector({retention: () => stopAt('c')}).run(), {instanceOf: StoreUnavailable});
	t.like((await room.collector().status()).progress, {after: 'b', repositories: 2});
	const {report} = await room.collector({retention: () => stopAt('none')}).run();
	t.deepEqual(seen, ['a', 'b', 'c', 'c']);
	t.true(report?.resumed);
	const again = await room.collector({retention: () => stopAt('none')}).run();
	t.false(again.report?.resumed);
	t.is(again.report?.totals.repositories, 3);
});

test('a repository with a document that cannot be read is left alone, and the report says so', async t => {
	const room = createCollecting();
	await room.putBlob('ci/app', 'stray');
	await room.store.write(keys.tag(repo, parseTag('main')), Buffer.from('{'));
	await room.putBlob('other', 'stray');
	room.pass(graceMs + 1);
	const {report} = await room.collector().run();
	t.is(report?.did.condemned.objects, 1);
	t.regex(report?.problems[0] ?? '', /^ci\/app was left alone: the document .* cannot be read/);
});

test('what was collected a moment ago is not collected again by the next replica', async t => {
	const room = createCollecting();
	await room.push('ci/app', 'main', 'abc');
	await room.collector().run({unlessWithinMs: hourMs});
	room.pass(hourMs - 1);
	t.like(await room.collector().run({unlessWithinMs: hourMs}), {report: undefined, because: 'notDue'});
	room.pass(1);
	t.truthy((await room.collector().run({unlessWithinMs: hourMs})).report);
});

test('a cycle that is told to end ends, and the next goes on', async t => {
	const room = createCollecting();
	await room.push('a', 'main', 'a');
	await room.push('b', 'main', 'b');
	const stopping = new AbortController();
	const collector = room.collector();
	await t.throwsAsync(collector.run({signal: stopping.signal, onProgress: () => stopping.abort(new Error('stopped'))}), {
		message: 'stopped',
	});
	t.truthy((await collector.run()).report);
});
