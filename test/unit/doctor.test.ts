import test from 'ava';
import {examine, type Finding} from '../../src/operations/doctor.ts';
import {createMemoryStore} from '../../src/storage/memory.ts';
import {type ObjectStore, StoreUnavailable, StoreUnfit} from '../../src/storage/objectStore.ts';

const s3 = {LAYERCACHE_STORE: 's3', LAYERCACHE_S3_BUCKET: 'caches'};
const fit = {presignedGet: true, warnings: []};
type Given = {environment?: Record<string, string>; store?: Partial<ObjectStore>; clock?: () => number};

const findings = async ({environment = {}, store = {}, clock = Date.now}: Given = {}): Promise<Finding[]> =>
	Array.fromAsync(examine({environment, clock, createStore: () => ({...createMemoryStore(), probe: async () => fit, ...store})}));
const states = (found: Finding[]) => found.map(({check, state}) => `${check} ${state}`);

test('a store that can be relied on is all ok', async t => {
	t.deepEqual(states(await findings({environment: s3})), [
		'settings ok',
		'store ok',
		'clock ok',
		'round trip ok',
		'layout ok',
		'presigning ok',
	]);
});

test('settings that cannot be used end it, with every problem', async t => {
	const found = await findings({environment: {LAYERCACHE_PORT: 'x', LAYERCACHE_STORE: 'y'}});
	t.deepEqual(states(found), ['settings failed']);
	t.regex(found[0]?.fact ?? '', /LAYERCACHE_PORT.*LAYERCACHE_STORE/);
});

test('a store that is away ends it, with the sentence that says what to do', async t => {
	const found = await findings({store: {now: () => Promise.reject(new StoreUnavailable('check LAYERCACHE_S3_ENDPOINT'))}});
	t.deepEqual(states(found), ['settings ok', 'store failed']);
	t.is(found[1]?.fact, 'check LAYERCACHE_S3_ENDPOINT');
});

test('a store that lacks what is needed fails the round trip', async t => {
	const found = await findings({store: {probe: () => Promise.reject(new StoreUnfit('no conditional writes'))}});
	t.is(states(found).at(-1), 'round trip failed');
});

test("a bucket that is something else's fails at its layout", async t => {
	const memory = createMemoryStore();
	await memory.write('layout.json', Buffer.from('{"version": 99}'));
	t.is(states(await findings({store: {...memory, probe: async () => fit}})).at(-1), 'layout failed');
});

for (const [secondsOff, state] of [
	[2, 'ok'],
	[60, 'note'],
	[1000, 'failed'],
	[-1000, 'failed'],
] as const) {
	test(`a clock that is ${secondsOff} s off is ${state}`, async t => {
		const now = Date.now();
		const found = await findings({clock: () => now, store: {now: async () => new Date(now + secondsOff * 1000)}});
		t.is(found.find(({check}) => check === 'clock')?.state, state);
	});
}

test('presigned URLs that do not work are a note with the setting that mends it', async t => {
	const found = await findings({environment: s3, store: {probe: async () => ({presignedGet: false, warnings: ['versioning is on']})}});
	t.like(
		found.find(({check}) => check === 'presigning'),
		{state: 'note'},
	);
	t.regex(found.find(({check}) => check === 'presigning')?.advice ?? '', /LAYERCACHE_S3_PUBLIC_ENDPOINT/);
	t.true(found.some(({fact}) => fact === 'versioning is on'));
});

test('what nobody foresaw is thrown, not dressed up', async t => {
	await t.throwsAsync(findings({store: {probe: () => Promise.reject(new TypeError('a bug'))}}), {name: 'TypeError'});
});

test('the store is closed again', async t => {
	let closed = 0;
	await findings({store: {close: async () => void closed++}});
	t.is(closed, 1);
});
