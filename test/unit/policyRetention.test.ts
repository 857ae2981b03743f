import test from 'ava';
import {parseRepositoryName, parseTag} from 'oci-spec-types';
import {parsePolicy} from '../../src/config/policy.ts';
import type {Deed} from '../../src/gc/settle.ts';
import {createTally} from '../../src/gc/tally.ts';
import {createDecideTogether, createPolicyRetention, type DiskLimits, leavingBytesOf} from '../../src/policyRetention.ts';
import type {RecordedUse} from '../../src/refs/refUse.ts';
import {createCollecting, hourMs, quarantineMs} from '../support/collecting.ts';
import {keysOf} from '../support/stores.ts';

/** A store and its collector, which goes by a policy. `imported` has who was imported when, in milliseconds. */
const collectingBy = (text: string, disk?: DiskLimits) => {
	const collecting = createCollecting();
	const policy = parsePolicy(text, 'p');
	const startedAt = new Date(collecting.time.now);
	const imported = new Map<string, RecordedUse>();
	const deeds: Deed[] = [];
	const removed: string[] = [];
	const collector = collecting.collector({
		deeds,
		retention: () =>
			createPolicyRetention({
				policy: () => policy,
				usageOf: async () => ({recordedSince: startedAt, refs: imported}),
				quarantineMs,
				decideTogether: createDecideTogether(() => policy, disk && {...disk, leavingBytes: now => leavingBytes(now)}),
				decidesTogether: () => true,
			}),
		onRemoved: ({tag}) => void (tag && removed.push(tag)),
	});
	const leavingBytes = leavingBytesOf(collector.reports, {quarantineMs, everyMs: hourMs});
	return {
		...collecting,
		...{collector, deeds, removed},
		cycle: async (afterMs: number) => {
			collecting.pass(afterMs);
			await collector.run();
		},
		importTag: (tag: string) => imported.set(parseTag(tag), {lastImported: new Date(collecting.time.now)}),
		tags: async (repo: string) => (await keysOf(collecting.store, `repos/${repo}/_tags/`)).map(key => key.split('/').pop()),
		blobBytes: async () => {
			const sizes = (await Array.fromAsync(collecting.store.list('repos/'))).map(row =>
				'key' in row && row.key.includes('/_blobs/') ? row.size : 0,
			);
			return sizes.reduce((sum, size) => sum + size, 0);
		},
	};
};

test('a store into which five budgets were pushed settles below one, least recently imported first, protected refs untouched', async t => {
	const {push, pass, importTag, cycle, removed, tags, blobBytes} = collectingBy(
		'refs: [{match: "**:main", protect: true}]\nbudget: [{match: "ci/**:*", size: 200KB}]\n',
	);
	await push('ci/app', 'main', 'main'.repeat(2500));
	for (let at = 0; at < 50; at += 1) {
		await push('ci/app', `pr-${at}`, String(at % 10).repeat(10_000 + at));
		pass(hourMs);
	}
	for (const tag of ['pr-3', 'pr-5']) {
		importTag(tag);
		pass(hourMs);
	}
	t.true((await blobBytes()) > 1e6);

	await cycle(hourMs);
	const oldest = Array.from({length: 50}, (_, at) => at).filter(at => at !== 3 && at !== 5);
	const expected = oldest.slice(0, removed.length).map(at => `pr-${at}`);
	t.deepEqual(removed, expected);
	t.true(removed.length >= 41 && removed.length <= 43, `${removed.length} went`);
	await t.notThrowsAsync(cycle(hourMs));
	t.is(removed.length, expected.length, 'what is on its way out is not counted');

	// The tags, their manifests and their layers each wait for a quarantine.
	for (const _ of ['tags', 'manifests', 'layers', 'one more']) await cycle(quarantineMs + hourMs);
	t.true((await blobBytes()) <= 2e5, `${await blobBytes()} bytes are left`);
	t.true((await blobBytes()) > 1.6e5, 'and no more went than had to');
	t.deepEqual(
		(await tags('ci/app')).filter(tag => tag === 'main' || tag === 'pr-3' || tag === 'pr-5'),
		['main', 'pr-3', 'pr-5'],
	);
});

test('what no tag leads to goes with a reason that names the rule', async t => {
	const {putManifest, cycle, deeds} = collectingBy('refs: [{match: "ci/**:*", untagged: 4d}]\n');
	const digest = await putManifest('ci/app', ['x']);
	await cycle(3 * 24 * hourMs);
	t.deepEqual(deeds, []);
	await cycle(25 * hourMs);
	const condemned = deeds.find(({key}) => key.includes(digest.slice(7)));
	t.is(condemned?.reason, 'no tag leads to it (untagged: 4d, by ci/**:*, line 1 of the policy)');
});

test('a disk without room lets refs go until there will be enough, and no more while they wait', async t => {
	const room = {freeBytes: 0, totalBytes: 100_000};
	const {push, pass, cycle, removed} = collectingBy('{}', {room: async () => room, freePercent: 10});
	for (const tag of ['a', 'b', 'c']) {
		await push('ci/app', tag, tag.repeat(4000));
		pass(hourMs);
	}
	await cycle(hourMs);
	t.deepEqual(removed, ['a', 'b']);
	await cycle(hourMs);
	await cycle(quarantineMs + hourMs);
	t.deepEqual(removed, ['a', 'b']);
});

test('all that leaves a full disk is counted as leaving, however many refs it was', async t => {
	const tally = createTally();
	const removal = {repo: parseRepositoryName('ci/app'), kind: 'tag', tag: parseTag('pr'), reason: 'no room', exclusiveBytes: 7} as const;
	for (let count = 0; count < 5000; count += 1) tally.removed(removal);
	const now = new Date();
	const report = tally.report(now, now, {resumed: false, budgets: []});
	const leaving = leavingBytesOf({read: async () => [report]}, {quarantineMs, everyMs: hourMs});
	t.is(await leaving(now), 35_000);
	t.is(report.removed.length, 1000, 'as many are named');
});

test('a disk with room, and one that nobody limits, keep everything', async t => {
	const full: DiskLimits = {room: async () => ({freeBytes: 0, totalBytes: 100_000}), freePercent: 0};
	const roomy: DiskLimits = {room: async () => ({freeBytes: 10_000, totalBytes: 100_000}), freePercent: 10};
	for (const disk of [full, roomy, undefined]) {
		const {push, cycle, removed} = collectingBy('{}', disk);
		await push('ci/app', 'a', 'a'.repeat(4000));
		await cycle(hourMs);
		t.deepEqual(removed, []);
	}
});

test('the same refs go in a preview as in the cycle after it', async t => {
	const {push, pass, collector, cycle, removed} = collectingBy('refs: [{match: "**:*", expire: {age: 2d}, keep: {newest: 1}}]\n');
	for (const tag of ['a', 'b', 'c']) {
		await push('ci/app', tag, tag);
		pass(hourMs);
	}
	pass(48 * hourMs);
	const foreseen = (await Array.fromAsync(collector.preview({only: parseRepositoryName('ci/app')}))).flatMap(({removals}) => removals);
	await cycle(0);
	removed.sort();
	t.deepEqual(removed, ['a', 'b']);
	t.deepEqual(foreseen.flatMap(({kind, tag}) => (kind === 'tag' ? [String(tag)] : [])).sort(), removed);
});
