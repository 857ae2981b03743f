/** A measured store keeps the contract, and tells what was asked of it. */
import test from 'ava';
import {type MeasuredOperation, withMeasurements} from '../../src/storage/instrumented.ts';
import {createMemoryStore} from '../../src/storage/memory.ts';
import {type ObjectStore, StoreUnavailable} from '../../src/storage/objectStore.ts';
import {bodyOf, collect, someBytes} from '../support/bytes.ts';
import {objectStoreContract} from './objectStore.ts';

objectStoreContract({
	createStore: async () => withMeasurements(createMemoryStore(), () => undefined),
	partBytes: 256 * 1024,
	givesBack: false,
});

const measured = (inner: ObjectStore = createMemoryStore()) => {
	const records: MeasuredOperation[] = [];
	const store = withMeasurements(inner, done => records.push(done));
	/** What was recorded since the last time. */
	const recorded = () => records.splice(0).map(({operation, outcome, bytes}) => `${operation} ${outcome} ${bytes}`);
	return {store, recorded, records};
};

test('operations are recorded with their outcome and bytes', async t => {
	const {store, recorded, records} = measured();
	await store.write('a', Buffer.from('12345'), {ifAbsent: true});
	await t.throwsAsync(store.write('a', Buffer.from('1'), {ifAbsent: true}));
	await store.upload('b', bodyOf(someBytes(100_000)));
	await t.throwsAsync(store.upload('c', bodyOf(someBytes(10)), {size: 11}));
	await store.stat('a');
	await store.stat('none');
	await t.throwsAsync(store.copy('none', 'd'));
	await store.remove(['a']);
	t.true(records.every(({seconds}) => seconds >= 0 && seconds < 60));
	t.deepEqual(recorded(), [
		'write ok 5',
		'write refused 0',
		'upload ok 100000',
		'upload failed 0',
		'stat ok 0',
		'stat absent 0',
		'copy refused 0',
		'remove ok 0',
	]);
});

test('a read is recorded when its body ends, with what went through', async t => {
	const {store, recorded} = measured();
	await store.upload('b', bodyOf(someBytes(200_000)));
	recorded();
	const whole = await store.read('b');
	t.deepEqual(recorded(), []);
	t.is((await collect(whole?.body ?? nothing())).length, 200_000);
	t.deepEqual(recorded(), ['read ok 200000']);
	for await (const chunk of (await store.read('b'))?.body ?? nothing()) {
		t.is(chunk.length, 65_536);
		break;
	}
	t.deepEqual(recorded(), ['read stopped 65536']);
	(await store.read('b'))?.body.destroy();
	await store.read('none');
	t.deepEqual(recorded(), ['read stopped 0', 'read absent 0']);
});

test('a list is recorded when its reader is done', async t => {
	const {store, recorded} = measured();
	await store.write('a', Buffer.from('a'));
	await store.write('b', Buffer.from('b'));
	recorded();
	await Array.fromAsync(store.list(''));
	for await (const _ of store.list('')) break;
	t.deepEqual(recorded(), ['list ok 0', 'list stopped 0']);
});

test('a store that is away is recorded as unavailable', async t => {
	const away = async () => {
		throw new StoreUnavailable('away');
	};
	const {store, recorded} = measured({...createMemoryStore(), stat: away, now: away});
	await t.throwsAsync(store.stat('a'), {instanceOf: StoreUnavailable});
	await t.throwsAsync(store.now(), {instanceOf: StoreUnavailable});
	t.deepEqual(recorded(), ['stat unavailable 0', 'now unavailable 0']);
});

async function* nothing(): AsyncGenerator<Uint8Array> {}
