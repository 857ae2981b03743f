/** Whole cycles on a store: what goes and when, what stays, and what is reported of it. */
import test from 'ava';
import {parseRepositoryName, parseTag} from 'oci-spec-types';
import type {Retention} from '../../src/gc/retention.ts';
import type {Deed} from '../../src/gc/settle.ts';
import {keys} from '../../src/registry/keys.ts';
import type {Removal} from '../../src/registry/removal.ts';
import {createTombstones} from '../../src/registry/tombstones.ts';
import {createCollecting, graceMs, hourMs, kindsOf, nothingGoes, quarantineMs, runCycles} from '../support/collecting.ts';
import {keysOf} from '../support/stores.ts';

const repo = parseRepositoryName('ci/app');
const lettingGo = (removals: readonly Partial<Removal>[]): Retention => ({
	...nothingGoes,
	decide: async inventory => ({
		removals: removals
			.map(removal => ({repo, kind: 'tag' as const, reason: 'by a rule', exclusiveBytes: 0, ...removal}))
			.filter(removal => removal.repo === inventory.repo),
		untaggedMs: 0,
	}),
});

test('a tag that is let go leaves nothing: its manifest first, a quarantine later its layers, and no tombstone in the end', async t => {
	const room = createCollecting();
	await room.push('ci/app', 'kept', 'base', 'kept');
	await room.push('ci/app', 'gone', 'base', 'gone');
	const before = await room.left();
	room.pass(graceMs + 1);
	const collector = room.collector({retention: () => lettingGo([{tag: parseTag('gone')}])});
	await collector.run();
	t.is((await room.left()).length, before.length + 1, 'the tag is marked as deleted, and nothing is gone');
	room.pass(quarantineMs + 1);
	await collector.run();
	room.pass(quarantineMs + 1);
	await collector.run();
	t.is(kindsOf(await room.left()).filter(kind => kind === '_manifests').length, 1);
	t.is(kindsOf(await room.left()).filter(kind => kind === '_tags').length, 1);
	t.is(kindsOf(await room.left()).filter(kind => kind === '_blobs').length, 5);
	room.pass(quarantineMs + 1);
	await collector.run();
	t.deepEqual(kindsOf(await room.left()), ['_blobs', '_blobs', '_blobs', '_manifests', '_tags']);
	await runCycles(room, collector, 4, quarantineMs + 1);
	t.deepEqual(await keysOf(room.store, 'repos/ci/app/_gc/'), []);
});

test('a repository in which everything is needed costs no write', async t => {
	const writes: string[] = [];
	const room = createCollecting({
		wrap: store => ({
			...store,
			write(key, ...rest) {
				writes.push(key);
				return store.write(key, ...rest);
			},
		}),
	});
	const child = await room.putManifest('ci/app', ['a']);
	await room.point('ci/app', 'main', await room.putIndex('ci/app', [child]));
	room.pass(10 * quarantineMs);
	await room.collector().run();
	t.deepEqual(
		writes.filter(key => !key.startsWith('gc/')),
		[],
	);
});

test('what is pushed again in its quarantine stays', async t => {
	const room = createCollecting();
	await room.putManifest('ci/app', ['a']);
	room.pass(graceMs + 1);
	const collector = room.collector();
	await collector.run();
	room.pass(quarantineMs);
	await room.push('ci/app', 'main', 'a');
	room.pass(1);
	await runCycles(room, collector, 8, quarantineMs + 1);
	t.deepEqual(kindsOf(await room.left()), ['_blobs', '_blobs', '_manifests', '_tags']);
});

test('what somebody rescued is not deleted, however long ago it was condemned, and goes a quarantine after it is condemned again', async t => {
	const room = createCollecting();
	const digest = await room.putBlob('ci/app', 'stray');
	const key = keys.blob(repo, digest);
	room.pass(graceMs + 1);
	const deeds: Deed[] = [];
	const collector = room.collector({deeds});
	await collector.run();
	room.pass(quarantineMs + 1);
	const tombstones = createTombstones(room.store, {lifetimes: room.lifetimes, elapsed: () => room.time.now});
	const condemned = await tombstones.read(repo, key);
	if (!condemned) return t.fail();
	await tombstones.rescue(repo, condemned);
	await collector.run();
	t.truthy(await room.store.stat(key));
	room.pass(graceMs + 1);
	await collector.run();
	t.like(deeds.at(-1), {did: 'condemn', again: true});
	room.pass(quarantineMs + 1);
	await collector.run();
	t.is(await room.store.stat(key), undefined);
});

test('an index and its children are condemned together, and a child goes after its parent', async t => {
	const room = createCollecting();
	const child = await room.putManifest('ci/app', ['a']);
	const index = await room.putIndex('ci/app', [child]);
	room.pass(graceMs + 1);
	const deeds: Deed[] = [];
	const collector = room.collector({deeds});
	await collector.run();
	t.is(deeds.length, 2);
	room.pass(quarantineMs + 1);
	deeds.length = 0;
	await collector.run();
	t.deepEqual(
		deeds.filter(({did}) => did === 'delete').map(({key}) => key),
		[keys.manifest(repo, index), keys.manifest(repo, child)],
	);
});

test('a child stays while a parent that was pushed again is there', async t => {
	const room = createCollecting();
	const child = await room.putManifest('ci/app', ['a']);
	room.pass(graceMs + 1);
	const collector = room.collector();
	await collector.run();
	room.pass(quarantineMs + 1);
	await room.putIndex('ci/app', [child]);
	await collector.run();
	t.truthy(await room.store.stat(keys.manifest(repo, child)));
});

test('what several repositories hold too much of together goes when the cycle has seen all, heads included', async t => {
	const room = createCollecting();
	const shared = parseTag('shared');
	const digest = await room.push('ci/app', 'main', 'a');
	const pushedAt = new Date(room.time.now);
	const head = await room.putManifest('other', ['b']);
	await room.store.write(keys.head(parseRepositoryName('other'), shared, head), new Uint8Array());
	room.pass(graceMs + 1);
	const common = {kind: 'tag' as const, reason: 'over the budget', exclusiveBytes: 1, pushedAt};
	const together = [
		{...common, repo, tag: parseTag('main'), digest},
		{...common, repo: parseRepositoryName('other'), tag: shared, digest: head},
	];
	const collector = room.collector({retention: () => ({...nothingGoes, decideTogether: async () => ({removals: together, budgets: []})})});
	await runCycles(room, collector, 8, quarantineMs + 1);
	t.deepEqual(await room.left(), []);
});

test('what was pushed after it was decided about, or is protected by hand, stays', async t => {
	const room = createCollecting();
	const old = new Date(room.time.now);
	room.pass(hourMs);
	await room.push('ci/app', 'moved', 'new');
	await room.point('ci/app', 'guarded', await room.putManifest('ci/app', ['guarded']), {protected: true});
	room.pass(graceMs + 1);
	const before = await room.left();
	const removals = [{tag: parseTag('moved'), pushedAt: old}, {tag: parseTag('guarded')}];
	await runCycles(room, room.collector({retention: () => lettingGo(removals)}), 6, quarantineMs + 1);
	t.deepEqual(await room.left(), before);
});

test('superseded manifests that a rule lets go are taken from their tag, and go', async t => {
	const room = createCollecting();
	const first = await room.push('ci/app', 'main', 'old');
	await room.push('ci/app', 'main', 'new');
	room.pass(quarantineMs + graceMs + 1);
	const retention = lettingGo([{kind: 'superseded', tag: parseTag('main'), digest: first}]);
	const removed: Removal[] = [];
	const collector = room.collector({retention: () => retention, onRemoved: removal => void removed.push(removal)});
	await collector.run();
	t.is(removed.length, 1);
	const object = await room.store.read(keys.tag(repo, parseTag('main')));
	t.deepEqual(JSON.parse(Buffer.concat(await Array.fromAsync(object?.body ?? [])).toString()).previous, []);
	await runCycles(room, collector, 3, quarantineMs + 1);
	t.deepEqual(kindsOf(await room.left()), ['_blobs', '_blobs', '_manifests', '_tags']);
});

test('copies for type=s3 go when their tag has gone, layers after the manifest that names them', async t => {
	const room = createCollecting();
	const layer = await room.putBlob('ci/app', 'layer');
	await room.store.write(keys.typeS3Blob(repo, layer), Buffer.from('layer'));
	const copy = (tag: string) =>
		room.store.write(keys.typeS3Manifest(repo, parseTag(tag)), Buffer.from(JSON.stringify({layers: [{blob: layer}]})));
	await room.push('ci/app', 'main', 'layer');
	await copy('main');
	await copy('gone');
	room.pass(graceMs + 1);
	const collector = room.collector();
	await runCycles(room, collector, 4, quarantineMs + 1);
	t.deepEqual(
		(await room.left('ci/app')).filter(key => key.startsWith('_s3')),
		[`_s3/blobs/${layer}`, '_s3/manifests/main'],
	);
	await room.deleteTag('ci/app', 'main');
	await runCycles(room, collector, 3, quarantineMs + 1);
	t.deepEqual(
		(await room.left('ci/app')).filter(key => key.startsWith('_s3')),
		[],
	);
});

test('a report tells what was found and done, and the sizes of refs are kept beside it', async t => {
	const room = createCollecting();
	await room.push('ci/app', 'main', 'abc');
	await room.putBlob('ci/app', 'stray');
	room.pass(graceMs + 1);
	const collector = room.collector({refSizes: () => [{tag: parseTag('main'), bytes: 3, exclusiveBytes: 2}]});
	await collector.run();
	const [report] = await collector.reports.read();
	t.like(report, {
		totals: {repositories: 1, blobs: 3, manifests: 1, tags: 1, unreferencedBytes: 5, condemnedBytes: 5},
		did: {condemned: {objects: 1, bytes: 5}},
		reasons: [{did: 'condemned', reason: 'no manifest names it', objects: 1, bytes: 5}],
	});
	t.like(await collector.reports.refSizes(), {refs: [{repo, tag: 'main', bytes: 3, exclusiveBytes: 2}]});
	room.pass(hourMs);
	await collector.run();
	t.deepEqual(
		(await collector.reports.read({limit: 1})).map(({totals}) => totals.condemnedBytes),
		[5],
	);
});
