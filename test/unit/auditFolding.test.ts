/** Equal events are one line, and whatever clients send there are only so many lines. */
import test from 'ava';
import {createFolding} from '../../src/audit/folding.ts';
import {event} from '../support/auditEvents.ts';

const at = Date.parse('2026-11-27T09:30:00Z');

test('events that differ in time and request id alone are one line, with the id of the first', t => {
	const folding = createFolding();
	for (const [index, requestId] of ['r1', 'r2', 'r3'].entries()) folding.add(event({requestId}), at + index * 1000);
	t.deepEqual(folding.lines(), [
		{
			audit: 1,
			first: '2026-11-27T09:30:00.000Z',
			last: '2026-11-27T09:30:02.000Z',
			count: 3,
			what: 'manifest.get',
			who: 'user:alice',
			from: '10.0.0.7',
			repo: 'ci/app',
			tag: 'main',
			allowed: true,
			why: 'rule 1',
			requestId: 'r1',
		},
	]);
});

test('whatever else differs is told apart', t => {
	const others = [
		{what: 'manifest.put'},
		{who: 'user:bob'},
		{from: '10.0.0.8'},
		{on: {repo: 'ci/web', tag: 'main'}},
		{on: {repo: 'ci/app', tag: 'pr-1'}},
		{on: {repo: 'ci/app'}},
		{on: {repo: 'ci/app', digest: 'sha256:00'}},
		{allowed: false},
		{why: 'rule 2'},
		{status: 404},
		{input: 'dryRun=true'},
		{claimed: 'mallory-the-second'},
	];
	const folding = createFolding();
	for (const given of [{}, ...others, {}]) folding.add(event(given), at);
	t.deepEqual(
		folding.lines().map(({count}) => count),
		[2, ...others.map(() => 1)],
	);
});

test('reads of blobs are folded whatever their digests, and writes are not', t => {
	const folding = createFolding();
	for (const what of ['blob.get', 'blob.head', 'upload.whole', 'blob.delete'])
		for (const digest of ['sha256:00', 'sha256:01']) folding.add(event({what, on: {repo: 'ci/app', digest}}), at);
	t.deepEqual(
		folding.lines().map(({what, digest, count}) => [what, digest, count]),
		[
			['blob.get', undefined, 2],
			['blob.head', undefined, 2],
			['upload.whole', 'sha256:00', 1],
			['upload.whole', 'sha256:01', 1],
			['blob.delete', 'sha256:00', 1],
			['blob.delete', 'sha256:01', 1],
		],
	);
});

test('where too many differ, what they were about is not told, and then not by whom; none is left out of the counts', t => {
	const folding = createFolding({lines: 10, nobodys: 4, coarse: 2});
	for (let number = 0; number < 100; number++) folding.add(event({on: {repo: `ci/app-${number}`}}), at);
	for (let number = 0; number < 100; number++) folding.add(event({who: `user:u${number}`}), at);
	const lines = folding.lines();
	t.is(lines.length, 10 + 2 + 1);
	t.like(lines[10], {who: 'user:alice', repo: undefined, count: 90, why: 'too many different events at once to tell them apart'});
	t.like(lines[12], {who: 'several', from: 'several', what: 'manifest.get', allowed: true, count: 99});
	t.is(
		lines.reduce((sum, {count}) => sum + count, 0),
		folding.count(),
	);
});

test('what is refused to nobody in particular has little room of its own, and takes none of the others', t => {
	const folding = createFolding({lines: 10, nobodys: 3, coarse: 2});
	for (let number = 0; number < 100; number++) folding.add(event({who: 'anonymous', allowed: false, on: {repo: `ci/app-${number}`}}), at);
	t.is(folding.lines().length, 3 + 1);
	folding.add(event({on: {repo: 'ci/web', tag: 'main'}}), at);
	t.like(folding.lines().at(-1), {who: 'user:alice', repo: 'ci/web', tag: 'main'});
});
