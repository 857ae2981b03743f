import test from 'ava';
import {digestOf, parseRepositoryName, parseTag} from 'oci-spec-types';
import {createMemoryStore} from '../../src/storage/memory.ts';
import {createQueue, handOverLeaseMs} from '../../src/upstream/queue.ts';
import {keysOf, recording} from '../support/stores.ts';

const repo = parseRepositoryName('team/app');
const [v1, v2] = [parseTag('v1'), parseTag('v2')];
const [one, two] = ['one', 'two'].map(word => digestOf(Buffer.from(word))) as [ReturnType<typeof digestOf>, ReturnType<typeof digestOf>];

const createRoom = () => {
	const time = {now: Date.parse('2026-11-27T00:00:00Z')};
	const store = createMemoryStore({now: () => new Date(time.now)});
	return {time, store, queue: createQueue(store, {holder: 'a'}), other: createQueue(store, {holder: 'b'})};
};

const onlyKey = async ({store}: ReturnType<typeof createRoom>) => String((await keysOf(store, 'handovers/'))[0]);

test('what waits is told with its ref, its digest and its age, also what has no tag and what lies below another repository', async t => {
	const {queue} = createRoom();
	const below = parseRepositoryName('team/app/more');
	await queue.add(repo, one, [v1, undefined]);
	await queue.add(below, two, [v2]);
	const found = await Array.fromAsync(queue.list());
	t.deepEqual(
		found.map(({repo, tag, digest}) => [repo, tag, digest]).sort(),
		[
			[below, v2, two],
			[repo, undefined, one],
			[repo, v1, one],
		].sort() as never,
	);
	t.like(found[0], {attempts: 0, isDue: true, queuedAt: new Date('2026-11-27T00:00:00Z')});
	t.deepEqual([...(await queue.digestsOf(repo))], [one]);
	t.true(await queue.has(repo, v1, one));
	t.false(await queue.has(repo, v1, two));
	t.false(await queue.has(repo, v2, one));
});

test('one of several workers gets it, and nobody else while that one lives', async t => {
	const room = createRoom();
	const {time, queue, other} = room;
	await queue.add(repo, one, [v1]);
	const key = await onlyKey(room);
	const claims = (await Promise.all([queue.claim(key), other.claim(key)])).filter(claim => claim !== undefined);
	t.is(claims.length, 1);
	time.now += handOverLeaseMs;
	t.true(await claims[0]?.keep());
	time.now += handOverLeaseMs;
	t.is(await other.claim(key), undefined);
	time.now += 1;
	const [row] = await Array.fromAsync(queue.list());
	t.like(row, {isDue: true, holder: undefined});
	const next = await other.claim(key);
	t.is(next?.task.attempts, 2);
	t.false(await claims[0]?.keep());
	await next?.done();
	t.deepEqual(await keysOf(room.store), []);
});

test('what failed waits, says why, and is hastened by hand', async t => {
	const room = createRoom();
	const {time, queue} = room;
	await queue.add(repo, one, [v1]);
	const key = await onlyKey(room);
	await (await queue.claim(key))?.failed('there.example is away', 10_000);
	t.like((await Array.fromAsync(queue.list()))[0], {error: 'there.example is away', attempts: 1, isDue: false});
	t.is(await queue.claim(key), undefined);
	t.is(await queue.hasten(({tag}) => tag === v2), 0);
	t.is(await queue.hasten(({tag}) => tag === v1), 1);
	const again = await queue.claim(key);
	t.is(again?.task.attempts, 2);
	await again?.failed('still', 10_000);
	time.now += 10_000;
	t.truthy(await queue.claim(key));
});

test('what waits is read once, and again when somebody has changed it', async t => {
	const time = {now: Date.parse('2026-11-27T00:00:00Z')};
	const {store, asked} = recording(createMemoryStore({now: () => new Date(time.now)}));
	const [queue, other] = [createQueue(store, {holder: 'a'}), createQueue(store, {holder: 'b'})];
	const reads = () => asked.filter(name => name === 'read').length;
	await queue.add(repo, one, [v1]);
	await Array.fromAsync(queue.list());
	const before = reads();
	t.like((await Array.fromAsync(queue.list()))[0], {isDue: true});
	t.is(reads(), before);
	const claim = await other.claim(String((await keysOf(store, 'handovers/'))[0]));
	t.like((await Array.fromAsync(queue.list()))[0], {isDue: false, holder: 'b'});
	await claim?.failed('away', 10_000);
	t.like((await Array.fromAsync(queue.list()))[0], {isDue: false, error: 'away'});
	time.now += 10_000;
	t.like((await Array.fromAsync(queue.list()))[0], {isDue: true, error: 'away'});
});

test('whoever ends one leaves what was pushed meanwhile, though it is the same image by the same tag', async t => {
	const room = createRoom();
	const {queue} = room;
	await queue.add(repo, one, [v1]);
	const claim = await queue.claim(await onlyKey(room));
	await queue.add(repo, one, [v1]);
	await claim?.done();
	t.true(await queue.has(repo, v1, one));
});
