/** `doctor`: looks at all that a server needs before it starts, and says what to mend. */
import {readFile} from 'node:fs/promises';
import {countRules, noPolicy, type Policy, PolicyInvalid, parsePolicy, protectsForNobody} from '../config/policy.ts';
import {parseSettings, type Settings, SettingsInvalid} from '../config/settings.ts';
import {settledUploads} from '../config/uploadPolicy.ts';
import {isMarked} from '../registry/layout.ts';
import type {Lifetimes} from '../registry/lifetimes.ts';
import {type ObjectStore, type StoreAbilities, StoreUnavailable, StoreUnfit, type UploadVerdict} from '../storage/objectStore.ts';
import {examineAccess} from './doctorAccess.ts';
import {examineCollection} from './doctorCollection.ts';

/** `advice` says what to do; a `note` works, but not as well as it could. */
export type Finding = {check: string; state: 'ok' | 'note' | 'failed'; fact: string; advice?: string};

export type DoctorOptions = Pick<ServerDoctorOptions, 'lifetimesOf' | 'clock'> & {
	environment: Readonly<Record<string, string | undefined>>;
	createStore: (settings: Settings) => ObjectStore;
};

export type ServerDoctorOptions = {
	settings: Settings;
	store: ObjectStore;
	/** Throws SettingsInvalid where the grace, the quarantine and what is remembered do not go together. */
	lifetimesOf: (settings: Settings) => Lifetimes;
	/** Milliseconds since 1970. */
	clock: () => number;
};

/** Each check in turn; after one that fails, those that build on it are left out. */
export async function* examine({environment, createStore, ...options}: DoctorOptions): AsyncGenerator<Finding> {
	const read = tried(() => parseSettings(environment));
	if ('failure' in read) return yield readingFailed('settings', read.failure);
	const {settings, ignored} = read.value;
	if (ignored.length > 0) {
		yield {
			check: 'settings',
			state: 'note',
			fact: `ignored, since Kubernetes injects them: ${ignored.join(', ')}`,
			advice: 'set enableServiceLinks: false in the pod',
		};
	}

	const store = createStore(settings);
	try {
		yield* examineServer({settings, store, ...options});
	} finally {
		await store.close();
	}
}

/** The same of a server that runs, with its own settings and store. */
export async function* examineServer({settings, store, lifetimesOf, clock}: ServerDoctorOptions): AsyncGenerator<Finding> {
	const fit = tried(() => lifetimesOf(settings));
	if ('failure' in fit) return yield readingFailed('settings', fit.failure);
	yield {check: 'settings', state: 'ok', fact: `store ${settings.store}, listening on ${settings.host}:${settings.port}`};
	const access = tried(() => examineAccess(settings));
	if ('failure' in access) return yield readingFailed('settings', access.failure);
	yield* access.value;
	yield* examinePolicy(settings);
	yield* examineStore(store, settings, fit.value, clock);
}

/** The rest does not build on it. */
async function* examinePolicy(settings: Settings): AsyncGenerator<Finding> {
	const {policy: file} = settings;
	if (file === undefined) return yield* examineAdministrators(settings, noPolicy);
	const read = await attempt(async () => parsePolicy(await readFile(file, 'utf8'), file));
	if ('failure' in read) return yield policyFailed(file, read.failure);
	yield {check: 'policy', state: 'ok', fact: `${file} can be used; rules: ${countRules(read.value)}`};
	yield* examineAdministrators(settings, read.value);
	if (!protectsForNobody(read.value)) return;
	const advice = 'add a rule to `access` that says who may: [push, protect]';
	yield {check: 'policy', state: 'note', fact: 'it protects refs, and nobody may move them', advice};
}

function* examineAdministrators({auth, adminToken}: Settings, {access = []}: Policy): Generator<Finding> {
	if (auth !== 'required' || adminToken !== undefined || access.some(({may}) => may.includes('admin'))) return;
	const advice = 'set LAYERCACHE_ADMIN_TOKEN, or add a rule to `access` that says who may: admin, on: "**:*"';
	yield {check: 'administration', state: 'note', fact: 'no rule says who may `admin`', advice};
}

const policyFailed = (file: string, error: unknown): Finding => {
	const advice = `layercache policy check ${file}`;
	if (!(error instanceof PolicyInvalid)) return {check: 'policy', state: 'failed', fact: `${file} cannot be read: ${error}`, advice};
	const [first, ...more] = error.problems;
	const others = more.length > 0 ? `, and ${more.length} more` : '';
	return {check: 'policy', state: 'failed', fact: `${file}:${first?.line}: ${first?.message}${others}`, advice};
};

async function* examineStore(store: ObjectStore, settings: Settings, lifetimes: Lifetimes, clock: () => number): AsyncGenerator<Finding> {
	const clocks = await attempt(async () => ({theirs: await store.now(), ours: clock()}));
	if ('failure' in clocks) return yield readingFailed('store', clocks.failure);
	yield {check: 'store', state: 'ok', fact: 'answers'};
	yield clockFinding(clocks.value.theirs.getTime() - clocks.value.ours);

	const probe = await attempt(() => store.probe());
	if ('failure' in probe) return yield readingFailed('round trip', probe.failure);
	yield {check: 'round trip', state: 'ok', fact: 'conditional writes, cut uploads and expiring deletes behave as they must'};

	const layout = await attempt(() => isMarked(store));
	if ('failure' in layout) return yield readingFailed('layout', layout.failure);
	yield {
		check: 'layout',
		state: 'ok',
		fact: layout.value ? 'the store is ours, and of this version' : 'the store is new; the first start marks it',
	};
	yield presigningFinding(probe.value, settings);
	yield uploadsFinding(settledUploads(settings) ?? (await store.probeUploads()), settings);
	for (const warning of probe.value.warnings) yield {check: 'store', state: 'note', fact: warning};
	yield* examineCollection(store, settings, lifetimes);
}

// S3 refuses signatures that are more than 15 minutes off; well before that, lifetimes of URLs are no longer what they say.
const refusedSkewMs = 15 * 60_000;
const noticedSkewMs = 5_000;

const clockFinding = (skewMs: number): Finding => {
	const off = Math.abs(skewMs);
	const fact = off < 1000 ? 'agrees with the store' : `is ${Math.round(off / 1000)} s ${skewMs > 0 ? 'behind' : 'ahead of'} the store`;
	const advice = 'set the clock of this machine (NTP)';
	if (off >= refusedSkewMs) return {check: 'clock', state: 'failed', fact, advice};
	return off >= noticedSkewMs ? {check: 'clock', state: 'note', fact, advice} : {check: 'clock', state: 'ok', fact};
};

const presigningFinding = ({presignedGet}: StoreAbilities, {store, redirectDownloads}: Settings): Finding => {
	if (store !== 's3') return {check: 'presigning', state: 'ok', fact: `a ${store} store has no URLs: layers are streamed`};
	if (redirectDownloads === 'never')
		return {check: 'presigning', state: 'ok', fact: 'LAYERCACHE_REDIRECT_DOWNLOADS=never: layers are streamed'};
	if (presignedGet) return {check: 'presigning', state: 'ok', fact: 'builders are sent to the store for layers'};
	return {
		check: 'presigning',
		state: 'note',
		fact: 'a presigned URL did not work, so layers are streamed',
		advice: 'set LAYERCACHE_S3_PUBLIC_ENDPOINT to the name by which builders, and this machine, reach the S3 server',
	};
};

const uploadsFinding = ({redirect, reason}: UploadVerdict, {store, redirectUploads}: Settings): Finding => {
	if (store !== 's3') return {check: 'uploads', state: 'ok', fact: `a ${store} store has no URLs: uploads are streamed`};
	if (redirectUploads === 'unsafe') {
		const advice = 'with such a URL a client may store what it likes: leave `unsafe` to benches and closed networks';
		return {check: 'uploads', state: 'note', fact: `builders are sent to the store with layers: ${reason}`, advice};
	}
	if (redirect) return {check: 'uploads', state: 'ok', fact: `builders are sent to the store with layers: ${reason}`};
	if (reason.startsWith('LAYERCACHE_')) return {check: 'uploads', state: 'ok', fact: `${reason}: uploads are streamed`};
	const advice = 'nothing is broken; a server that refuses what was not signed takes that load off this one';
	return {check: 'uploads', state: 'note', fact: `uploads are streamed: ${reason}`, advice};
};

const readingFailed = (check: string, error: unknown): Finding => {
	if (error instanceof SettingsInvalid)
		return {check, state: 'failed', fact: error.problems.join('; '), advice: 'see docs/configuration.md'};
	if (error instanceof StoreUnfit || error instanceof StoreUnavailable) return {check, state: 'failed', fact: error.message};
	throw error;
};

type Attempt<T> = {value: T} | {failure: unknown};

const tried = <T>(work: () => T): Attempt<T> => {
	try {
		return {value: work()};
	} catch (failure) {
		return {failure};
	}
};

const attempt = async <T>(work: () => Promise<T>): Promise<Attempt<T>> =>
	work().then(
		value => ({value}),
		failure => ({failure}),
	);
