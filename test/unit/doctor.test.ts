import test from 'ava';
import {examine, type Finding} from '../../src/operations/doctor.ts';
import {lifetimesOf} from '../../src/serverLifetimes.ts';
import {createMemoryStore} from '../../src/storage/memory.ts';
import {type ObjectStore, StoreUnavailable, StoreUnfit} from '../../src/storage/objectStore.ts';
import {policyFile} from '../support/policy.ts';

const s3 = {LAYERCACHE_STORE: 's3', LAYERCACHE_S3_BUCKET: 'caches'};
const fit = {presignedGet: true, warnings: []};
const trusted = {redirect: true, reason: 'S3 refused all that was not signed'};
type Given = {environment?: Record<string, string>; store?: Partial<ObjectStore>; clock?: () => number};

const findings = async ({environment = {}, store = {}, clock = Date.now}: Given = {}): Promise<Finding[]> =>
	Array.fromAsync(
		examine({
			environment,
			clock,
			lifetimesOf,
			createStore: () => ({...createMemoryStore(), probe: async () => fit, probeUploads: async () => trusted, ...store}),
		}),
	);
const states = (found: Finding[]) => found.map(({check, state}) => `${check} ${state}`);

test('a store that can be relied on is all ok', async t => {
	t.deepEqual(states(await findings({environment: s3})), [
		'settings ok',
		'authentication ok',
		'administration ok',
		'store ok',
		'clock ok',
		'round trip ok',
		'layout ok',
		'presigning ok',
		'uploads ok',
		'collector ok',
	]);
});

test('settings that cannot be used end it, with every problem', async t => {
	const found = await findings({environment: {LAYERCACHE_PORT: 'x', LAYERCACHE_STORE: 'y'}});
	t.deepEqual(states(found), ['settings failed']);
	t.regex(found[0]?.fact ?? '', /LAYERCACHE_PORT.*LAYERCACHE_STORE/);
});

test('a store that is away ends it, with the sentence that says what to do', async t => {
	const found = await findings({store: {now: () => Promise.reject(new StoreUnavailable('check LAYERCACHE_S3_ENDPOINT'))}});
	t.deepEqual(states(found), ['settings ok', 'authentication ok', 'administration ok', 'store failed']);
	t.is(found[3]?.fact, 'check LAYERCACHE_S3_ENDPOINT');
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

const streaming = async () => ({redirect: false, reason: 'S3 takes tags that were not signed'});
for (const [title, environment, store, finding] of [
	[
		'uploads that S3 can be trusted with are ok',
		s3,
		{},
		{state: 'ok', fact: 'builders are sent to the store with layers: S3 refused all that was not signed'},
	],
	[
		'uploads that it cannot be trusted with are a note with the reason',
		s3,
		{probeUploads: streaming},
		{state: 'note', fact: 'uploads are streamed: S3 takes tags that were not signed'},
	],
	[
		'uploads that are streamed on purpose are ok, and S3 is not looked at',
		{...s3, LAYERCACHE_REDIRECT_UPLOADS: 'never'},
		{probeUploads: () => Promise.reject(new Error('asked'))},
		{state: 'ok', fact: 'LAYERCACHE_REDIRECT_UPLOADS=never: uploads are streamed'},
	],
	[
		'builders that cannot be sent to S3 for layers are not sent there with any',
		{...s3, LAYERCACHE_REDIRECT_DOWNLOADS: 'never'},
		{probeUploads: () => Promise.reject(new Error('asked'))},
		{state: 'ok', fact: 'LAYERCACHE_REDIRECT_DOWNLOADS=never: uploads are streamed'},
	],
	[
		'uploads that are redirected whatever S3 takes are a note',
		{...s3, LAYERCACHE_REDIRECT_UPLOADS: 'unsafe'},
		{},
		{state: 'note', fact: 'builders are sent to the store with layers: LAYERCACHE_REDIRECT_UPLOADS=unsafe, whatever the store takes'},
	],
	['a store without URLs takes uploads through the server', {}, {}, {state: 'ok', fact: 'a disk store has no URLs: uploads are streamed'}],
] as const) {
	test(title, async t => {
		const found = await findings({environment, store});
		t.like(
			found.find(({check}) => check === 'uploads'),
			finding,
		);
	});
}

test('what nobody foresaw is thrown, not dressed up', async t => {
	await t.throwsAsync(findings({store: {probe: () => Promise.reject(new TypeError('a bug'))}}), {name: 'TypeError'});
});

test('the store is closed again', async t => {
	let closed = 0;
	await findings({store: {close: async () => void closed++}});
	t.is(closed, 1);
});

test('a policy that cannot be used is failed, with its first problem and the command that tells all, and the rest is looked at', async t => {
	const path = await policyFile(t, 'refs:\n  - match: main\n    protekt: true\n');
	const found = await findings({environment: {...s3, LAYERCACHE_POLICY: path}});
	const policy = found.find(({check}) => check === 'policy');
	t.like(policy, {state: 'failed', advice: `layercache policy check ${path}`});
	t.regex(policy?.fact ?? '', /policy\.yaml:2: refs\[0\]\.match must be .*, and 1 more$/);
	t.true(states(found).includes('round trip ok'));
	const away = await findings({environment: {...s3, LAYERCACHE_POLICY: '/nowhere'}});
	t.regex(away.find(({check}) => check === 'policy')?.fact ?? '', /\/nowhere cannot be read/);
});

test('a policy that protects refs which nobody may move is a note with what is missing', async t => {
	const noteOf = async (policy: string) =>
		(await findings({environment: {...s3, LAYERCACHE_POLICY: await policyFile(t, policy)}}))
			.filter(({check}) => check === 'policy')
			.map(({state}) => state);
	const protects = 'refs: [{match: "ci/**:main", protect: true}]\n';
	t.deepEqual(await noteOf(protects), ['ok', 'note']);
	t.deepEqual(await noteOf(`${protects}access: [{who: {anyone: true}, may: pull, on: "**:*"}]\n`), ['ok', 'note']);
	t.deepEqual(await noteOf(`${protects}access: [{who: {user: alice}, may: protect, on: "**:*"}]\n`), ['ok']);
});

test('who is let in is told, and what would be amiss for clients elsewhere', async t => {
	const about = async (environment: Record<string, string>) =>
		(await findings({environment}))
			.filter(({check}) => ['settings', 'authentication', 'TLS', 'administration'].includes(check))
			.map(({check, state}) => `${check} ${state}`);
	t.deepEqual(await about({LAYERCACHE_HOST: '0.0.0.0'}), ['settings ok', 'settings failed']);
	t.deepEqual(await about({LAYERCACHE_HOST: '0.0.0.0', LAYERCACHE_AUTH: 'none'}), [
		'settings ok',
		'authentication note',
		'administration note',
	]);
	t.deepEqual(await about({LAYERCACHE_HOST: '0.0.0.0', LAYERCACHE_AUTH: 'required'}), [
		'settings ok',
		'authentication note',
		'TLS note',
		'administration ok',
		'administration note',
	]);
	t.deepEqual(
		await about({
			...{LAYERCACHE_HOST: '0.0.0.0', LAYERCACHE_AUTH: 'required', LAYERCACHE_AUTH_KEY: 'k'.repeat(32)},
			...{LAYERCACHE_TLS_CERT: 'tls.crt', LAYERCACHE_TLS_KEY: 'tls.key'},
			LAYERCACHE_POLICY: await policyFile(t, 'access: [{who: {user: alice}, may: admin, on: "**:*"}]'),
		}),
		['settings ok', 'authentication ok', 'administration ok'],
	);
});
