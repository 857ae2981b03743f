/** Authentication as a server has it: from which credentials, signed by which keys, and what the log and the metrics hear of their files. */
import {createHmac, randomBytes} from 'node:crypto';
import {createCredentials} from './auth/credentials.ts';
import {createIdTokens} from './auth/idTokens.ts';
import {createKnownTokens} from './auth/knownTokens.ts';
import {createSessionTokens, type SessionTokens} from './auth/sessionTokens.ts';
import {drawSigningKeys, openSigningKeys, parseSigningKeys, type SigningKeys} from './auth/signingKeys.ts';
import {createUsers, openHtpasswd, type Users} from './auth/users.ts';
import type {Policy} from './config/policy.ts';
import type {Settings} from './config/settings.ts';
import type {Authenticate} from './http/authentication.ts';
import type {WatchedFiles} from './lib/watchedFiles.ts';
import type {SharedFiles} from './sharedFiles.ts';
import type {ObjectStore} from './storage/objectStore.ts';
import type {Log} from './telemetry/log.ts';
import type {Metrics} from './telemetry/metrics.ts';

export type Authentication = {
	isOpen: boolean;
	authenticate: Authenticate;
	sessions: SessionTokens;
	/** Reads its files again, changed or not. */
	reload(): Promise<void>;
	stop(): void;
};

export type AuthenticatingOptions = {
	settings: Settings;
	/** Whether nobody has to be anybody. */
	isOpen: boolean;
	/** The policy that is in force now. */
	policy: () => Policy;
	log: Log;
	metrics: Metrics;
	sharedFiles: SharedFiles | undefined;
	/** Drawn for all processes of one port, for where the settings have none. */
	drawnKey: string | undefined;
	/** Milliseconds since 1970. */
	clock: () => number;
	/** Milliseconds since some moment, never going back. */
	elapsed: () => number;
};

/** Throws SigningKeysInvalid, HtpasswdInvalid. */
export const openAuthentication = async (store: ObjectStore, options: AuthenticatingOptions): Promise<Authentication> => {
	const {settings, isOpen, policy, log, clock, elapsed} = options;
	const files: WatchedFiles<unknown>[] = [];
	const keys = await openKeys(options, files);
	const credentials = createCredentials({
		users: await openUsers(options, files),
		tokens: createKnownTokens(store, {clock, elapsed}),
		idTokens: createIdTokens({
			...{issuers: () => policy().issuers, clock, elapsed},
			onProblem: facts => log.warn(facts, 'the keys of an issuer could not be fetched'),
		}),
		administratorToken: settings.adminToken,
		renewableForMs: settings.sessionLifeMs,
		clock,
	});
	return {
		isOpen,
		authenticate: credentials.authenticate,
		sessions: createSessionTokens({
			...{keys, clock, stands: credentials.stands, neededClaims: createNeededClaims(policy)},
			accessLifeMs: settings.tokenLifeMs,
			signInLifeMs: Math.min(longestSignInMs, settings.sessionLifeMs),
		}),
		async reload() {
			await Promise.all(files.map(file => file.reload()));
		},
		stop() {
			for (const file of files) file.stop();
		},
	};
};

// A day at work.
const longestSignInMs = 12 * 3_600_000;

const openUsers = async (options: AuthenticatingOptions, files: WatchedFiles<unknown>[]): Promise<Users | undefined> => {
	const {settings, log, metrics, sharedFiles, elapsed} = options;
	const path = settings.htpasswd;
	if (path === undefined) return undefined;
	const file = await openHtpasswd(path, {
		lastGood: sharedFiles?.lastGood.users,
		onLoaded(users, texts) {
			log.info({file: path, users: users.size}, 'users loaded');
			metrics.recordAuthFile('users', 'loaded');
			sharedFiles?.onLoaded('users', texts);
		},
		onRefused({problems}) {
			log.error({file: path, problems}, 'the file of users cannot be used; the users before it stay');
			metrics.recordAuthFile('users', 'refused');
		},
	});
	files.push(file);
	return createUsers({hashes: file.current, elapsed});
};

const openKeys = async (
	{settings, isOpen, log, metrics, sharedFiles, drawnKey}: AuthenticatingOptions,
	files: WatchedFiles<unknown>[],
): Promise<() => SigningKeys> => {
	const {authKeyFile: path, authKeys, adminToken} = settings;
	if (path !== undefined) {
		const file = await openSigningKeys(path, {
			lastGood: sharedFiles?.lastGood.keys,
			onLoaded(keys, texts) {
				log.info({file: path, keys: keys.map(({id}) => id)}, 'signing keys loaded');
				metrics.recordAuthFile('keys', 'loaded');
				sharedFiles?.onLoaded('keys', texts);
			},
			onRefused({message}) {
				log.error({file: path, problem: message}, 'the file of signing keys cannot be used; the keys before it stay');
				metrics.recordAuthFile('keys', 'refused');
			},
		});
		files.push(file);
		return file.current;
	}
	const keys = authKeys ? parseSigningKeys(authKeys) : isOpen && adminToken ? derivedKeys(adminToken) : drawnKeys(drawnKey);
	if (!authKeys && !isOpen)
		log.warn(
			{},
			'tokens are signed with a key that was drawn now: other servers, and this one after a restart, do not know them (LAYERCACHE_AUTH_KEY_FILE)',
		);
	return () => keys;
};

const drawnKeys = (text: string | undefined) => (text === undefined ? drawSigningKeys(randomBytes) : parseSigningKeys(text));

/** For the sessions of the dashboard alone, whose holders have the token: so all servers with the same token know them, and no others. */
const derivedKeys = (adminToken: string) =>
	parseSigningKeys(createHmac('sha256', adminToken).update('layercache dashboard session').digest('hex'));

/** Those that rules of the policy ask about. */
const createNeededClaims = (policy: () => Policy) => {
	let seen: {policy: Policy; names: ReadonlySet<string>} | undefined;
	return (): ReadonlySet<string> => {
		const current = policy();
		if (seen?.policy !== current)
			seen = {policy: current, names: new Set((current.access ?? []).flatMap(({who}) => Object.keys(who.claims ?? {})))};
		return seen.names;
	};
};
