/** Users of an htpasswd file: whether a password is theirs, at a cost that is the same for names that nobody has. */
import {createHmac, randomBytes} from 'node:crypto';
import {LRUCache} from 'lru-cache';
import {networkOf} from '../lib/addressRanges.ts';
import {createLender, TooManyWait} from '../lib/lender.ts';
import {openWatchedFiles, type WatchedFiles, type WatchedFilesOptions} from '../lib/watchedFiles.ts';
import {HtpasswdInvalid, parseHtpasswd, type UserHashes} from './htpasswd.ts';
import {claimsFrom, type Identity, identityName, markOf, type Refusal} from './identity.ts';
import type {PasswordHash} from './passwordHashes.ts';

export type Users = {
	/** `from` is the address of whoever asks: those at different ones, or in different networks of IPv6, take turns. */
	authenticate(name: string, password: string, from: string): Promise<KnownUser | Refusal>;
	/** The user as the file has it now; undefined where it has another hash, or none. */
	stands(identity: Identity, mark: string): Identity | undefined;
};
export type KnownUser = {identity: Identity; mark: string};

export type UsersObserver = {
	onLoaded(users: UserHashes, texts: readonly string[]): void;
	/** The users before it stay. */
	onRefused(error: HtpasswdInvalid): void;
};

/** Throws HtpasswdInvalid, also where the file cannot be read. */
export const openHtpasswd = (
	path: string,
	{onLoaded, onRefused, lastGood, timing}: UsersObserver & Pick<WatchedFilesOptions<unknown, never>, 'lastGood' | 'timing'>,
): Promise<WatchedFiles<UserHashes>> =>
	openWatchedFiles<UserHashes, HtpasswdInvalid>([path], {
		parse: ([text = '']) => parseHtpasswd(text, path),
		unreadable: (_, reason) => new HtpasswdInvalid([`${path}: cannot be read: ${reason}`]),
		isRefusal: error => error instanceof HtpasswdInvalid,
		...{onLoaded, onRefused, lastGood, timing},
	});

/** `hashes` are those of now. `elapsed` in milliseconds. */
export const createUsers = ({hashes, elapsed}: {hashes: () => UserHashes; elapsed: () => number}): Users => {
	const key = randomBytes(32);
	const turns = createLender({total: triedAtOnce, waitingPerName: mostWaiting});
	// By what was sent and what it was compared with: of another hash nothing is remembered.
	const right = createVerdicts(rightForMs, elapsed);
	const wrong = createVerdicts(wrongForMs, elapsed);
	const underWay = new Map<string, Promise<boolean>>();

	const inTurn = async (from: string, work: () => Promise<boolean>): Promise<boolean> => {
		const turn = await turns.borrow(1, {name: networkOf(from), isRefusable: true});
		try {
			return await work();
		} finally {
			turn.release();
		}
	};

	const compare = async (users: UserHashes, {name, password, from}: Login): Promise<boolean> => {
		const hash = users.get(name) ?? decoy(users, key, name);
		if (!hash) return false;
		const question = createHmac('sha256', key)
			.update(JSON.stringify([name, password, hash.text]))
			.digest('base64');
		const remembered = right.get(question) ?? wrong.get(question);
		if (remembered !== undefined) return remembered;
		const asked = underWay.get(question) ?? inTurn(from, () => hash.matches(password)).finally(() => underWay.delete(question));
		underWay.set(question, asked);
		const isRight = (await asked) && users.has(name);
		(isRight ? right : wrong).set(question, isRight);
		return isRight;
	};

	return {
		async authenticate(name, password, from) {
			if (password.length > longestPassword || password.includes('\0')) return wrongLogin;
			try {
				// The file may change meanwhile: who has shown a password is known by the hash that it was compared with.
				const users = hashes();
				return ((await compare(users, {name, password, from})) && knownUser(users, name)) || wrongLogin;
			} catch (error) {
				if (error instanceof TooManyWait) return {refused: 'too many log-ins are waiting; try again in a moment', isTemporary: true};
				throw error;
			}
		},

		stands({claims: {name = ''}}, mark) {
			const user = knownUser(hashes(), name);
			return user?.mark === mark ? user.identity : undefined;
		},
	};
};

type Login = {name: string; password: string; from: string};

const longestPassword = 1024;
const rightForMs = 5 * 60_000;
const wrongForMs = 10_000;
// A hash takes a core for as long as a second, and of two cores one is for requests.
const triedAtOnce = 2;
// Of one address.
const mostWaiting = 100;
const wrongLogin: Refusal = {refused: 'the user name or the password is wrong'};

const createVerdicts = (ttl: number, elapsed: () => number) =>
	new LRUCache<string, boolean>({max: 1000, ttl, ttlResolution: 0, perf: {now: elapsed}});

const knownUser = (users: UserHashes, name: string): KnownUser | undefined => {
	const hash = users.get(name);
	const known = hash && (knownByHash.get(hash) ?? newlyKnown(name, hash));
	if (hash && known) knownByHash.set(hash, known);
	return known;
};

// It is asked for at each request; a hash is of one user, as long as the file stays as it is.
const knownByHash = new WeakMap<PasswordHash, KnownUser>();

const newlyKnown = (name: string, hash: PasswordHash): KnownUser => ({
	identity: {kind: 'user', name: identityName('user', name), claims: claimsFrom([['name', name]])},
	mark: markOf('user', hash.text),
});

/** The hash of somebody else, always the same for a name: who has none takes as long as some who have one. */
const decoy = (users: UserHashes, key: Uint8Array, name: string) => {
	const all = [...users.values()];
	return all[createHmac('sha256', key).update(name).digest().readUInt32BE() % all.length];
};
