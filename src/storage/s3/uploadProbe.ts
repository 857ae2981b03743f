/** Whether clients may be sent to this S3 with their uploads: it must take the bytes that a URL was signed for, and nothing else. */
import {createHash, randomBytes, randomUUID} from 'node:crypto';
import {setTimeout as delay} from 'node:timers/promises';
import {readAll} from '../../lib/bytes.ts';
import {type ObjectStore, StoreUnavailable, type UploadVerdict} from '../objectStore.ts';
import type {S3} from './client.ts';
import {escapeUri} from './httpHandler.ts';
import {publicHost} from './settings.ts';
import {signedRequest} from './signedRequest.ts';
import type {SignedUrls} from './signedUrls.ts';
import {type Attempt, attempts, type Target} from './uploadAttempts.ts';

export const probeUploads = async (s3: S3, urls: SignedUrls, store: ObjectStore): Promise<UploadVerdict> => {
	const folder = `_probe/${randomUUID()}/uploads/`;
	try {
		return await tryOut(s3, urls, store, folder);
	} catch (error) {
		if (error instanceof Doubt) return {redirect: false, reason: `${publicHost(s3.settings)} ${error.message}`};
		if (error instanceof StoreUnavailable) return {redirect: false, reason: error.message};
		throw error;
	} finally {
		await removeAll(store, folder).catch(() => undefined);
	}
};

/** Why not; a sentence whose subject is the host. */
class Doubt extends Error {}

const tryOut = async (s3: S3, urls: SignedUrls, store: ObjectStore, folder: string): Promise<UploadVerdict> => {
	const bytes = randomBytes(probeBytes);
	const pinned = {sha256: createHash('sha256').update(bytes).digest('hex'), size: bytes.length};
	const right = `${folder}right`;
	const targetOf = async (key: string): Promise<Target> => {
		const url = await urls.forUpload(key, pinned, urlLifeSeconds);
		if (!url) throw new Doubt(noCredentials(s3));
		const source = `${s3.bucket}/${s3.fullKey(right).split('/').map(escapeUri).join('/')}`;
		return {url, bytes, source, folder: s3.fullKey(folder)};
	};

	const target = await targetOf(right);
	// First, since a copy of what is not there is refused by everyone.
	const status = await send(s3, target, {body: bytes});
	if (status !== 200) throw new Doubt(`refuses uploads by URL with ${status}`);

	const tried = Object.entries<Attempt>(attempts).map(async ([name, attempt]) => {
		const own = await targetOf(folder + name);
		return (await isTaken(s3, own, attempt)) ? attempt.takes : undefined;
	});
	const overwriting = isTaken(s3, target, attempts.other).then(taken => (taken ? 'other bytes over a blob that is there' : undefined));
	const settled = await Promise.allSettled([...tried, overwriting]);
	const taken = settled.map(result => (result.status === 'fulfilled' ? result.value : undefined)).filter(what => what !== undefined);
	// A leak says more than an attempt that failed.
	if (taken.length > 0) throw new Doubt(`takes ${listed(taken)}`);
	for (const result of settled) if (result.status === 'rejected') throw result.reason;

	await proveOnlyRight(store, folder, right, bytes);
	return {redirect: true, reason: `${publicHost(s3.settings)} took the bytes that were signed and refused all others`};
};

const probeBytes = 1024;
const urlLifeSeconds = 60;

const noCredentials = ({settings}: S3) =>
	settings.uploadCredentials
		? 'gets no uploads by URL: the profile LAYERCACHE_S3_UPLOAD_PROFILE gives no credentials, or they expire too soon'
		: 'gets no uploads by URL: the credentials expire too soon';

const isTaken = async (s3: S3, target: Target, attempt: Attempt): Promise<boolean> => {
	const status = await send(s3, target, attempt.send(target));
	if (status < 400) return true;
	// Anything else may be a bad minute, and says nothing about the next one.
	if (status < 500 || status === 501) return false;
	throw new Doubt(`answered ${status}, neither yes nor no, when it was offered ${attempt.takes}`);
};

/** The status of the answer; again a few times when the server seems to be busy. Throws Doubt. */
const send = async (s3: S3, target: Target, {url = target.url, headers, body}: ReturnType<Attempt['send']>): Promise<number> => {
	for (let turn = 1; ; turn += 1) {
		const answer = await signedRequest(s3, 'PUT', url.href, {headers, body}).catch((error: unknown) => error);
		const status = answer instanceof Error ? undefined : (answer as {status: number}).status;
		if (status !== undefined && (status < 500 || status === 501 || turn === turns)) return status;
		if (turn === turns) throw new Doubt(`cannot be reached from here (${nameOf(answer)})`);
		await delay(turn * s3.tuning.firstWaitSeconds * 1000);
	}
};

const turns = 3;

const nameOf = (error: unknown) => (error instanceof Error ? ('code' in error ? String(error.code) : error.name) : 'unknown');

/** Whatever was answered: what counts is what is there. */
const proveOnlyRight = async (store: ObjectStore, folder: string, right: string, bytes: Buffer) => {
	const [keys, object] = await Promise.all([keysIn(store, folder), store.read(right)]);
	const left = keys.find(key => key !== right);
	const attempt = left && (attempts as Record<string, Attempt>)[left.slice(folder.length)];
	if (left) throw new Doubt(`refuses ${attempt ? attempt.takes : 'what was not signed'}, and stores it all the same`);
	if (!object || !(await readAll(object.body)).equals(bytes)) throw new Doubt('stores other bytes than it was sent');
};

const keysIn = async (store: ObjectStore, folder: string): Promise<string[]> => {
	const entries = await Array.fromAsync(store.list(folder));
	return entries.flatMap(entry => ('key' in entry ? [entry.key] : []));
};

const removeAll = async (store: ObjectStore, folder: string) => store.remove(await keysIn(store, folder));

const listed = (words: readonly string[]) => [words.slice(0, -1).join(', '), words.at(-1)].filter(part => part).join(' and ');
