/** What is reachable: each kind of root, and what it leads to. */
import test from 'ava';
import {type Digest, digestOf, parseRepositoryName, parseTag} from 'oci-spec-types';
import {mark, markBlobs} from '../../src/gc/mark.ts';
import type {RetentionDecision} from '../../src/gc/retention.ts';
import {unneededDocuments} from '../../src/gc/unneeded.ts';
import {summarize} from '../../src/refs/summaries.ts';
import type {ManifestEntry} from '../../src/registry/inventory.ts';
import {keys} from '../../src/registry/keys.ts';
import {packReferences} from '../../src/registry/packedManifest.ts';
import type {Removal} from '../../src/registry/removal.ts';
import {walkRepositories} from '../../src/registry/walk.ts';
import {type Collecting, createCollecting, graceMs, hourMs, indexType, manifestType, quarantineMs} from '../support/collecting.ts';

const repo = parseRepositoryName('ci/app');
const shared = parseTag('shared');

const look = async ({store, lifetimes}: Collecting, {removals = [], untaggedMs = 0, keeps}: Partial<RetentionDecision> = {}) => {
	const [inventory] = await Array.fromAsync(walkRepositories(store));
	if (!inventory) throw new Error('nothing is there');
	const marks = mark(inventory, {lifetimes, decision: {removals, untaggedMs, keeps}});
	return {inventory, marks, isMarked: (digest: Digest) => marks.manifest(digest) === undefined};
};
const removal = (given: Partial<Removal>): Removal => ({repo, kind: 'tag', reason: 'by a rule', exclusiveBytes: 0, ...given});
const old = graceMs + quarantineMs + hourMs;

test('what a tag points at is kept, and what no tag leads to is kept while it is young', async t => {
	const room = createCollecting();
	const tagged = await room.push('ci/app', 'main', 'a');
	const untagged = await room.putManifest('ci/app', ['b']);
	room.pass(graceMs);
	t.true((await look(room)).isMarked(untagged));
	room.pass(1);
	const {isMarked, marks} = await look(room);
	t.true(isMarked(tagged));
	t.is(marks.manifest(untagged), 'no tag leads to it');
});

test('what is still to be handed over is kept with all that it leads to, though no tag leads to it any more', async t => {
	const room = createCollecting();
	const child = await room.putManifest('ci/app', ['a']);
	const index = await room.putIndex('ci/app', [child]);
	room.pass(old);
	t.false((await look(room)).isMarked(child));
	const {isMarked} = await look(room, {keeps: new Set([index])});
	t.true(isMarked(index) && isMarked(child));
});

test('a rule keeps what no tag leads to for longer than the grace, and never for less', async t => {
	const room = createCollecting();
	const untagged = await room.putManifest('ci/app', ['b']);
	room.pass(graceMs + 1);
	t.true((await look(room, {untaggedMs: graceMs + 2})).isMarked(untagged));
	t.false((await look(room, {untaggedMs: graceMs / 2})).isMarked(untagged));
});

test('what a tag had before is kept for a quarantine, and then as long as no rule lets it go', async t => {
	const room = createCollecting();
	const first = await room.push('ci/app', 'main', 'a');
	room.pass(old);
	await room.push('ci/app', 'main', 'b');
	const removals = [removal({kind: 'superseded', tag: parseTag('main'), digest: first})];
	t.true((await look(room, {removals})).isMarked(first));
	room.pass(quarantineMs);
	t.true((await look(room, {removals})).isMarked(first));
	room.pass(1);
	t.true((await look(room)).isMarked(first));
	const {marks} = await look(room, {removals});
	t.is(marks.manifest(first), 'by a rule');
	t.deepEqual([...marks.expired(parseTag('main'))], [first]);
});

test('what a deleted tag had is kept for a quarantine, then its document goes, and its marker after that', async t => {
	const room = createCollecting();
	const digest = await room.push('ci/app', 'main', 'a');
	room.pass(old);
	await room.deleteTag('ci/app', 'main');
	room.pass(quarantineMs);
	t.true((await look(room)).isMarked(digest));
	room.pass(1);
	const {inventory, marks, isMarked} = await look(room);
	t.false(isMarked(digest));
	const unneeded = unneededDocuments(inventory, marks);
	const tagKey = keys.tag(repo, parseTag('main'));
	t.truthy(unneeded.find(({key}) => key === tagKey));
	t.deepEqual(unneeded.find(({key}) => key === keys.deletedTag(repo, parseTag('main')))?.after, [tagKey]);
});

test('the marker of a tag that was pushed again is not needed, and that of a deleted one is', async t => {
	const room = createCollecting();
	const digest = await room.push('ci/app', 'main', 'a');
	await room.deleteTag('ci/app', 'main');
	const markers = async () => {
		const {inventory, marks} = await look(room);
		return unneededDocuments(inventory, marks).filter(({key}) => key.includes('_deleted'));
	};
	t.deepEqual(await markers(), []);
	await room.point('ci/app', 'main', digest);
	t.is((await markers()).length, 1);
});

test('heads keep their manifests until retention says that they count no more, or their tag goes', async t => {
	const room = createCollecting();
	const digest = await room.putManifest('ci/app', ['a']);
	await room.store.write(keys.head(repo, shared, digest), new Uint8Array());
	room.pass(old);
	t.true((await look(room)).isMarked(digest));
	for (const removals of [[removal({kind: 'head', tag: shared, digest})], [removal({tag: shared})]]) {
		const {inventory, marks, isMarked} = await look(room, {removals});
		t.false(isMarked(digest));
		t.is(inventory.heads[0] && marks.head(inventory.heads[0]), 'by a rule');
	}
});

test('a head that was pushed a moment ago is kept whatever retention says', async t => {
	const room = createCollecting();
	const digest = await room.putManifest('ci/app', ['a']);
	room.pass(old);
	await room.store.write(keys.head(repo, shared, digest), new Uint8Array());
	t.true((await look(room, {removals: [removal({kind: 'head', tag: shared, digest})]})).isMarked(digest));
});

test('children of an index are kept with it', async t => {
	const room = createCollecting();
	const child = await room.putManifest('ci/app', ['a']);
	const stray = await room.putManifest('ci/app', ['b']);
	await room.point('ci/app', 'main', await room.putIndex('ci/app', [child]));
	room.pass(old);
	const {isMarked} = await look(room);
	t.true(isMarked(child));
	t.false(isMarked(stray));
});

test('a child stands behind its parents, and a manifest behind what points at it', async t => {
	const room = createCollecting();
	const child = await room.putManifest('ci/app', ['a']);
	const parent = await room.putIndex('ci/app', [child]);
	const grandparent = await room.putIndex('ci/app', [parent, child]);
	await pointer(room, 'made', parent, [['gone', child]]);
	await room.push('ci/app', 'main', 'other');
	room.pass(old);
	const {inventory, marks} = await look(room);
	const unneeded = unneededDocuments(inventory, marks);
	const at = (key: string) => unneeded.findIndex(object => object.key === key);
	const manifestKey = (digest: Digest) => keys.manifest(repo, digest);
	t.true(at(manifestKey(grandparent)) < at(manifestKey(parent)));
	t.true(at(manifestKey(parent)) < at(manifestKey(child)));
	t.deepEqual(unneeded[at(manifestKey(child))]?.after.toSorted(), [manifestKey(parent), manifestKey(grandparent)].toSorted());
	t.deepEqual(unneeded[at(manifestKey(parent))]?.after.toSorted(), [keys.derived(repo, 'made'), manifestKey(grandparent)].toSorted());
});

test('what was made of caches is kept while all of them are what they were', async t => {
	const room = createCollecting();
	const a = await room.push('ci/app', 'a', 'a');
	const b = await room.putManifest('ci/app', ['b']);
	await room.store.write(keys.head(repo, shared, b), new Uint8Array());
	const made = await room.putManifest('ci/app', ['a', 'b']);
	await pointer(room, 'made', made, [
		['a', a],
		['shared', b],
	]);
	room.pass(old);
	t.true((await look(room)).isMarked(made));
	t.false((await look(room, {removals: [removal({tag: shared})]})).isMarked(made));
	await room.push('ci/app', 'a', 'new');
	const {inventory, marks, isMarked} = await look(room);
	t.false(isMarked(made));
	t.is(inventory.derived[0] && marks.derived(inventory.derived[0]), 'made of what its sources are no more');
});

test('what was just made is kept, although its sources have moved on', async t => {
	const room = createCollecting();
	const made = await room.putManifest('ci/app', ['a']);
	room.pass(old);
	await pointer(room, 'made', made, [['gone', made]]);
	t.true((await look(room)).isMarked(made));
});

test('what refers to something is kept as long as that is, and what refers to that in turn', async t => {
	const room = createCollecting();
	const subject = await room.push('ci/app', 'main', 'a');
	const signature = await room.putManifest('ci/app', ['signature'], subject);
	const ofSignature = await room.putManifest('ci/app', ['signature of signature'], signature);
	const ofNothing = await room.putManifest('ci/app', ['stray'], digestOf(Buffer.from('gone')));
	const taggedReferrer = await room.putManifest('ci/app', ['kept'], digestOf(Buffer.from('gone')));
	await room.point('ci/app', 'kept', taggedReferrer);
	room.pass(old);
	const {isMarked} = await look(room);
	t.deepEqual([signature, ofSignature, ofNothing, taggedReferrer].map(isMarked), [true, true, false, true]);
});

test('the descriptor of a referrer stands behind its manifest, and goes also where that is gone', async t => {
	const room = createCollecting();
	const subject = await room.push('ci/app', 'main', 'a');
	const gone = digestOf(Buffer.from('gone'));
	const stray = await room.putManifest('ci/app', ['stray'], gone);
	const signature = await room.putManifest('ci/app', ['signature'], subject);
	for (const [of, digest] of [
		[subject, signature],
		[gone, stray],
		[subject, gone],
	] as const)
		await room.store.write(keys.referrer(repo, of, digest), Buffer.from('{}'));
	room.pass(old);
	const {inventory, marks} = await look(room);
	const unneeded = unneededDocuments(inventory, marks).filter(({key}) => key.includes('_referrers'));
	t.deepEqual(
		unneeded.map(({key, after}) => [key, after]).toSorted(),
		[
			[keys.referrer(repo, gone, stray), [keys.manifest(repo, stray)]],
			[keys.referrer(repo, subject, gone), []],
		].toSorted(),
	);
});

test('every manifest that is there keeps its blobs, whether anything needs it or not', async t => {
	const room = createCollecting();
	await room.putManifest('ci/app', ['a']);
	const stray = await room.putBlob('ci/app', 'stray');
	room.pass(old);
	const {inventory, isMarked} = await look(room);
	const [manifest] = inventory.manifests;
	if (!manifest) return t.fail();
	t.false(isMarked(manifest[0]));
	const unmarked = (isThere: Parameters<typeof markBlobs>[1]) => {
		const marks = markBlobs(inventory, isThere);
		return [...inventory.blobs].filter((_, index) => !marks.has(index)).map(({digest}) => digest);
	};
	t.deepEqual(
		unmarked(digest => digest === manifest[0]),
		[stray],
	);
	t.is(unmarked(() => false).length, 3);
});

const pointer = (room: Collecting, name: string, digest: Digest, sources: readonly (readonly [string, Digest])[]) =>
	room.document(keys.derived(repo, name), {
		...{digest, config: digest, ways: ['union'], tag: 'main', missing: []},
		sources: sources.map(([tag, of]) => ({tag, digest: of})),
	});

test('any number of manifests may refer to one, and any number of indexes name one', async t => {
	const room = createCollecting();
	const subject = await room.push('ci/app', 'main', 'layer');
	room.pass(old);
	const {inventory} = await look(room);
	const found = inventory.manifests.get(subject);
	if (!found) throw new Error('the subject is not there');
	const entry = {size: 1, modified: new Date(0), mediaType: indexType};
	const many = 150_000;
	const numbered = (count: number) => `sha256:${count.toString(16).padStart(64, '0')}` as Digest;
	const manifests = (of: (at: number) => ManifestEntry) =>
		new Map([[subject, found], ...Array.from({length: many}, (_, at) => [numbered(at), of(at)] as const)]);
	const rules = {lifetimes: room.lifetimes, decision: {removals: [], untaggedMs: 0}};

	const referring = {...inventory, manifests: manifests(() => ({...entry, rows: packReferences([]), onlyBlobs: true, subject}))};
	t.is(mark(referring, rules).manifest(numbered(many - 1)), undefined);
	t.is(summarize(referring, undefined, []).refs[0]?.bytes, (summarize(inventory, undefined, []).refs[0]?.bytes ?? 0) + many);

	const child = {digest: subject, size: 1, mediaType: manifestType, as: 'manifest' as const};
	const naming = {...inventory, tags: new Map(), manifests: manifests(() => ({...entry, rows: packReferences([child])}))};
	const last = unneededDocuments(naming, mark(naming, rules)).at(-1);
	t.is(last?.after.length, many);
});
