/** Who collects: taken, kept, lost, and left to another. */
import test from 'ava';
import {LeaseLost, readLease, takeLease} from '../../src/gc/lease.ts';
import {createMemoryStore} from '../../src/storage/memory.ts';

const setUp = () => {
	let now = Date.parse('2026-03-01T00:00:00Z');
	const store = createMemoryStore({now: () => new Date(now)});
	return {
		store,
		take: (holder: string) => takeLease(store, {holder, leaseMs: 90_000, elapsed: () => now}),
		pass(ms: number) {
			now += ms;
		},
	};
};

test('one holds it, and another gets it when it was released', async t => {
	const {store, take} = setUp();
	const lease = await take('a');
	t.is(await take('b'), undefined);
	t.like(await readLease(store, 90_000), {holder: 'a', expired: false});
	await lease?.release();
	t.is(await readLease(store, 90_000), undefined);
	t.truthy(await take('b'));
});

test('one that is kept does not expire, however many keep it at once', async t => {
	const {take, pass} = setUp();
	const lease = await take('a');
	for (let minutes = 0; minutes < 10; minutes += 1) {
		pass(60_000);
		await Promise.all(Array.from({length: 16}, () => lease?.keep()));
	}
	t.is(await take('b'), undefined);
});

test('one that was not kept goes to another, and its holder hears of it', async t => {
	const {store, take, pass} = setUp();
	const lease = await take('a');
	pass(90_001);
	t.like(await readLease(store, 90_000), {holder: 'a', expired: true});
	t.truthy(await take('b'));
	await t.throwsAsync(async () => lease?.keep(), {instanceOf: LeaseLost});
});
