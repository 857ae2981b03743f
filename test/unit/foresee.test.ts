/** A preview and the cycles that follow: the same objects, bytes and reasons, and no others. */
import test from 'ava';
import fc from 'fast-check';
import {type Digest, parseRepositoryName, parseTag} from 'oci-spec-types';
import type {PlannedDeletion} from '../../src/gc/plan.ts';
import type {Retention} from '../../src/gc/retention.ts';
import type {Deed} from '../../src/gc/settle.ts';
import {keys} from '../../src/registry/keys.ts';
import type {Removal} from '../../src/registry/removal.ts';
import {type Collecting, createCollecting, graceMs, hourMs, nothingGoes, quarantineMs} from '../support/collecting.ts';
import {keysOf} from '../support/stores.ts';

const repo = parseRepositoryName('ci/app');
const everyMs = 6 * hourMs;

/** Tags that begin with x go, and superseded manifests. */
const retention: Retention = {
	...nothingGoes,
	async decide({tags, heads, startedAt}) {
		const live = new Set([...heads.map(({tag}) => tag), ...[...tags].flatMap(([tag, {deleted}]) => (deleted ? [] : [tag]))]);
		const going = [...live].filter(tag => tag.startsWith('x'));
		const removals = [
			...going.map((tag): Removal => ({repo, tag, kind: 'tag', reason: 'begins with x', exclusiveBytes: 0})),
			...[...tags].flatMap(([tag, {previous}]) =>
				previous
					.filter(({since}) => startedAt.getTime() - since.getTime() > quarantineMs)
					.map(({digest}): Removal => ({repo, tag, kind: 'superseded', digest, reason: 'superseded', exclusiveBytes: 0})),
			),
		];
		return {removals, untaggedMs: 0};
	},
};

const foreseen = async (room: Collecting) => {
	const deletions: PlannedDeletion[] = [];
	for await (const one of room.collector({retention: () => retention, everyMs}).preview()) deletions.push(...one.deletions);
	return deletions;
};

const byKey = <T extends {key: string}>(rows: readonly T[]) => rows.toSorted((a, b) => (a.key < b.key ? -1 : 1));
const shown = (rows: readonly {key: string; bytes: number; reason: string}[]) =>
	byKey(rows).map(({key, bytes, reason}) => ({key, bytes, reason}));

const steps = fc.array(
	fc.oneof(
		{weight: 4, arbitrary: fc.record({do: fc.constant('push' as const), tag: fc.constantFrom('a', 'b', 'x1', 'x2'), layer: fc.nat(5)})},
		fc.record({do: fc.constant('manifest' as const), layer: fc.nat(5)}),
		fc.record({do: fc.constant('index' as const), tag: fc.constantFrom('a', 'x1')}),
		fc.record({do: fc.constant('blob' as const), layer: fc.nat(9)}),
		fc.record({do: fc.constant('deleteTag' as const), tag: fc.constantFrom('a', 'b', 'x1')}),
		fc.record({do: fc.constant('refer' as const)}),
		fc.record({do: fc.constant('head' as const), layer: fc.nat(5)}),
		{weight: 3, arbitrary: fc.record({do: fc.constant('pass' as const), hours: fc.nat(40)})},
		fc.record({do: fc.constant('cycle' as const)}),
	),
	{minLength: 3, maxLength: 25},
);
type Step = (typeof steps extends fc.Arbitrary<infer T> ? T : never)[number];

const carryOut = async (room: Collecting, given: readonly Step[]) => {
	let last: Digest | undefined;
	for (const step of given) {
		switch (step.do) {
			case 'push':
				last = await room.push('ci/app', step.tag, 'base', `layer ${step.layer}`);
				break;
			case 'manifest':
				last = await room.putManifest('ci/app', [`layer ${step.layer}`]);
				break;
			case 'index':
				if (last) await room.point('ci/app', step.tag, await room.putIndex('ci/app', [last]));
				break;
			case 'blob':
				await room.putBlob('ci/app', `layer ${step.layer}`);
				break;
			case 'deleteTag':
				await room.deleteTag('ci/app', step.tag);
				break;
			case 'refer':
				if (last) {
					const digest = await room.putManifest('ci/app', ['signature'], last);
					await room.store.write(keys.referrer(repo, last, digest), Buffer.from('{}'));
				}
				break;
			case 'head':
				last = await room.putManifest('ci/app', [`layer ${step.layer}`]);
				await room.store.write(keys.head(repo, parseTag('x1'), last), new Uint8Array());
				break;
			case 'pass':
				room.pass(step.hours * hourMs);
				break;
			case 'cycle':
				await room.collector({retention: () => retention}).run();
		}
	}
};

test('a preview names what the next cycles delete, to the byte, with the reason and the time, and nothing else', async t => {
	t.timeout(120_000);
	await fc.assert(
		fc.asyncProperty(steps, async given => {
			const room = createCollecting();
			await carryOut(room, given);
			// A cycle waits between its writes for parts of a millisecond, which no date has.
			room.time.now = Math.ceil(room.time.now);
			const before = await keysOf(room.store);
			const planned = await foreseen(room);
			t.deepEqual(await keysOf(room.store), before, 'a preview changes nothing');

			const startedAt = room.time.now;
			const done: (Deed & {at: number})[] = [];
			for (let cycle = 0; cycle <= (graceMs + 4 * quarantineMs) / everyMs; cycle += 1) {
				room.time.now = startedAt + cycle * everyMs;
				const deeds: Deed[] = [];
				await room.collector({retention: () => retention, deeds}).run();
				done.push(...deeds.map(deed => ({...deed, at: startedAt + cycle * everyMs})));
				if (cycle > 0) continue;
				const first = (state: PlannedDeletion['state']) => planned.filter(row => row.state === state);
				t.deepEqual(shown(first('deleted')), shown(deeds.filter(({did}) => did === 'delete')));
				t.deepEqual(shown(first('condemned')), shown(deeds.filter(({did}) => did === 'condemn')));
			}
			const deleted = done.filter(({did}) => did === 'delete');
			t.deepEqual(shown(planned), shown(deleted));
			t.deepEqual(
				byKey(planned).map(({notBefore}) => notBefore.getTime()),
				byKey(deleted).map(({at}) => at),
			);
		}),
		{numRuns: Number(process.env.LAYERCACHE_TEST_RUNS ?? 25)},
	);
});

test('no garbage is left after its grace, two quarantines and two more cycles', async t => {
	t.timeout(120_000);
	await fc.assert(
		fc.asyncProperty(steps, async given => {
			const room = createCollecting();
			await carryOut(room, given);
			// What tags had before is no garbage before a quarantine is over.
			room.pass(Math.max(graceMs, quarantineMs) + 1);
			const collector = room.collector({retention: () => nothingGoes});
			for (let cycle = 0; cycle < 2; cycle += 1) {
				await collector.run();
				room.pass(quarantineMs + 1);
			}
			await collector.run();
			await collector.run();
			const planned: PlannedDeletion[] = [];
			for await (const {deletions} of room.collector({retention: () => nothingGoes, everyMs}).preview()) planned.push(...deletions);
			t.deepEqual(
				planned.map(({key}) => key).filter(key => !key.includes('_gc')),
				[],
			);
		}),
		{numRuns: Number(process.env.LAYERCACHE_TEST_RUNS ?? 25)},
	);
});
