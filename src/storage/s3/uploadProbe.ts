/** Whether clients may be sent to this S3 with their uploads: it must take the bytes that a URL was signed for, and nothing else. */
import {createHash, randomBytes, randomUUID} from 'node:crypto';
import {setTimeout as delay} from 'node:timers/promises';
import {readAll} from '../../lib/bytes.ts';
import {type ObjectStore, StoreUnavailable, type UploadVerdict} from '../objectStore.ts';
import type {S3} from './client.ts';
import {escapePath} from './escaping.ts';
import {publicHost} from './settings.ts';
import {signedRequest} from './signedRequest.ts';
import type {SignedUrls} from './signedUrls.ts';
import {type Attempt, attempts, type Target} from './uploadAttempts.ts';

export const probeUploads = async (s3: S3, urls: SignedUrls, store: ObjectStore): Promise<UploadVerdict> => {
	const folder = `_probe/${randomUUID()}/uploads/`;
	try {
		return await tryOut(s3, urls, store, folder);
	} catch (error) {
		if (error instanceof Doubt) return verdictOf(`${publicHost(s3.settings)} ${error.message}`, error.isUnclear);
		if (error instanceof StoreUnavailable) return verdictOf(error.message, true);
		throw error;
	} finally {
		await removeAll(store, folder).catch(() => undefined);
	}
};

/** Why not; a sentence whose subject is the host. `isUnclear`: the next look may find otherwise though nobody changes anything. */
class Doubt extends Error {
	readonly isUnclear: boolean;
	constructor(message: string, {isUnclear}: {isUnclear: boolean}) {
		super(message);
		this.isUnclear = isUnclear;
	}
}

const verdictOf = (reason: string, isUnclear: boolean): UploadVerdict => ({redirect: false, reason, ...(isUnclear && {isUnclear})});

const tryOut = async (s3: S3, urls: SignedUrls, store: ObjectStore, folder: string): Promise<UploadVerdict> => {
	const bytes = randomBytes(probeBytes);
	const pinned = {sha256: createHash('sha256').update(bytes).digest('hex'), size: bytes.length};
	const right = `${folder}right`;
	const {settings} = s3;
	const targetOf = async (key: string): Promise<Target> => {
		const url = await urls.forUpload(key, pinned, probeLifeSeconds);
		if (!url) throw new Doubt(noCredentials(s3), {isUnclear: true});
		const source = `${s3.bucket}/${escapePath(s3.fullKey(right))}`;
		return {url, bytes, source, folder: s3.fullKey(folder)};
	};

	const target = await targetOf(right);
	// Nobody would get such a URL, whatever this S3 takes.
	if (settings.urlLifeSeconds !== undefined && !(await urls.forUpload(right, pinned, settings.urlLifeSeconds)))
		throw new Doubt(`${noCredentials(s3)} for URLs of ${settings.urlLifeSeconds} s (LAYERCACHE_REDIRECT_LIFE_SECONDS)`, {isUnclear: true});
	// First, since a copy of what is not there is refused by everyone.
	const status = await send(s3, target, {body: bytes});
	if (status !== 200) throw new Doubt(`refuses uploads by URL with ${status}`, {isUnclear: !refusals.includes(status)});

	const tried = Object.entries<Attempt>(attempts).map(async ([name, attempt]) => {
		const own = await targetOf(folder + name);
		return (await isTaken(s3, own, attempt)) ? attempt.takes : undefined;
	});
	const overwriting = isTaken(s3, target, attempts.other).then(taken => (taken ? 'other bytes over a blob that is there' : undefined));
	const settled = await Promise.allSettled([...tried, overwriting]);
	const taken = settled.map(result => (result.status === 'fulfilled' ? result.value : undefined)).filter(what => what !== undefined);
	// A leak says more than an attempt that failed.
	if (taken.length > 0) throw new Doubt(`takes ${listed(taken)}`, {isUnclear: false});
	for (const result of settled) if (result.status === 'rejected') throw result.reason;

	await proveOnlyRight(store, folder, right, bytes);
	// Credentials that ended meanwhile would have made everything a refusal.
	const statusAfter = await send(s3, target, {body: bytes});
	if (statusAfter !== 200) throw new Doubt(`took an upload by URL, and then refused it with ${statusAfter}`, {isUnclear: true});
	return {redirect: true, reason: `${publicHost(s3.settings)} took the bytes that were signed and refused all others`};
};

const probeBytes = 1024;
const probeLifeSeconds = 60;

const noCredentials = ({settings}: S3) =>
	settings.uploadCredentials
		? 'gets no uploads by URL: the profile LAYERCACHE_S3_UPLOAD_PROFILE gives no credentials, or they expire too soon'
		: 'gets no uploads by URL: the credentials expire too soon';

const isTaken = async (s3: S3, target: Target, attempt: Attempt): Promise<boolean> => {
	const status = await send(s3, target, attempt.send(target));
	if (status >= 200 && status < 300) return true;
	if (refusals.includes(status)) return false;
	throw new Doubt(`answered ${status}, neither yes nor no, when it was offered ${attempt.takes}`, {isUnclear: true});
};

// Said of this very request. Anything else may be a bad minute or a gateway's mood, and says nothing about the next one.
const refusals: readonly number[] = [400, 403, 405, 411, 412, 415, 501];

const isPassing = (status: number) => [408, 425, 429].includes(status) || (status >= 500 && status !== 501);

/** The status of the answer; again a few times when the server seems to be busy. Throws Doubt. */
const send = async (s3: S3, target: Target, {url = target.url, headers, body}: ReturnType<Attempt['send']>): Promise<number> => {
	for (let turn = 1; ; turn += 1) {
		const sentWith = {headers, body, silenceSeconds: s3.tuning.probeSeconds};
		const answer = await signedRequest(s3, 'PUT', url.href, sentWith).catch((error: unknown) => error);
		const status = answer instanceof Error ? undefined : (answer as {status: number}).status;
		if (status !== undefined && (!isPassing(status) || turn === turns)) return status;
		// Whoever was silent once for so long is not asked again: a start waits.
		if (status === undefined && (turn === turns || timeouts.includes(nameOf(answer))))
			throw new Doubt(`cannot be reached from here (${nameOf(answer)})`, {isUnclear: true});
		await delay(turn * s3.tuning.firstWaitSeconds * 1000);
	}
};

const turns = 3;
const timeouts = ['UND_ERR_HEADERS_TIMEOUT', 'UND_ERR_BODY_TIMEOUT', 'UND_ERR_CONNECT_TIMEOUT', 'ETIMEDOUT'];

const nameOf = (error: unknown) => (error instanceof Error ? ('code' in error ? String(error.code) : error.name) : 'unknown');

/** Whatever was answered: what counts is what is there. */
const proveOnlyRight = async (store: ObjectStore, folder: string, right: string, bytes: Buffer) => {
	const [keys, object] = await Promise.all([keysIn(store, folder), store.read(right)]);
	const left = keys.find(key => key !== right);
	const attempt = left && (attempts as Record<string, Attempt>)[left.slice(folder.length)];
	if (left) throw new Doubt(`refuses ${attempt ? attempt.takes : 'what was not signed'}, and stores it all the same`, {isUnclear: false});
	if (!object || !(await readAll(object.body)).equals(bytes)) throw new Doubt('stores other bytes than it was sent', {isUnclear: false});
};

const keysIn = async (store: ObjectStore, folder: string): Promise<string[]> => {
	const entries = await Array.fromAsync(store.list(folder));
	return entries.flatMap(entry => ('key' in entry ? [entry.key] : []));
};

const removeAll = async (store: ObjectStore, folder: string) => store.remove(await keysIn(store, folder));

const listed = (words: readonly string[]) => [words.slice(0, -1).join(', '), words.at(-1)].filter(part => part).join(' and ');
