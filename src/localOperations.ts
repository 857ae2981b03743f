/** Operations on the store that the settings name, for a command of its own. Nothing is opened before something is to be done. */
import {randomUUID} from 'node:crypto';
import {readFile} from 'node:fs/promises';
import {hostname} from 'node:os';
import {setTimeout as delay} from 'node:timers/promises';
import {noAudit} from './audit/audit.ts';
import {startAudit} from './audit/startAudit.ts';
import {isAudited} from './auditing.ts';
import {CommandFailed} from './cli/exitCodes.ts';
import type {LocalOperations} from './cli/program.ts';
import {composeAdministration} from './composedAdministration.ts';
import {noPolicy, type Policy, PolicyInvalid, parsePolicy} from './config/policy.ts';
import {parseSettings, type Settings, SettingsInvalid} from './config/settings.ts';
import {createElapsed} from './lib/elapsed.ts';
import {examine} from './operations/doctor.ts';
import {diagnose} from './operations/runs/health.ts';
import {withOperationsAudited} from './operations/withOperationsAudited.ts';
import {createTombstonesAndGuard} from './registry/guard.ts';
import {isMarked} from './registry/layout.ts';
import {lifetimesOf} from './serverLifetimes.ts';
import {createStore, diskLimits} from './settingsStore.ts';
import type {ObjectStore} from './storage/objectStore.ts';

export type LocalOptions = {
	environment: Readonly<Record<string, string | undefined>>;
	/** Who runs the command, for the audit: `local:<user>`. */
	user: string;
	/** Something that is not as it should be, and does not stop the operation. */
	onProblem: (message: string) => void;
	/** Opens the store that settings name; a test has its own. */
	openStore?: (settings: Settings) => ObjectStore;
	/** Milliseconds since 1970. */
	clock?: () => number;
};

/** Its operations throw CommandFailed where the settings or the policy cannot be used. */
export const openLocalOperations = (options: LocalOptions): LocalOperations => {
	const {environment, user, openStore = createStore, clock = Date.now} = options;
	let opened: ReturnType<typeof open> | undefined;
	return {
		async run(name, input, context) {
			// It is asked when nothing else works, and says why.
			if (name === 'doctor') return (await diagnose(examine({environment, createStore: openStore, lifetimesOf, clock}))) as never;
			opened ??= open({...options, openStore, clock});
			return (await opened).operations.run(name, input, {...context, by: {who: `local:${user}`, from: 'local', requestId: ''}});
		},
		async close() {
			const {audit, store} = (await opened?.catch(() => undefined)) ?? {};
			await audit?.stop();
			await store?.close();
		},
	};
};

const open = async ({environment, openStore, clock, onProblem}: Required<LocalOptions>) => {
	const settings = readSettings(environment);
	const [policy, lifetimes] = [await readPolicy(settings.policy), lifetimesOf(settings)];
	const store = openStore(settings);
	if (!(await isMarked(store))) {
		await store.close();
		throw new CommandFailed(
			'unreachable',
			`there is nothing of layercache in the ${settings.store} store that the settings name`,
			storeAdvice,
		);
	}
	const waiting = {elapsed: createElapsed({wall: clock}), wait: (ms: number) => delay(ms)};
	const {operations} = composeAdministration(store, {
		policy: () => policy,
		policyFile: settings.policy,
		lifetimes,
		disk: diskLimits(settings),
		collectEveryMs: settings.gcEveryMs,
		holder: `a command on ${hostname()} (process ${process.pid})`,
		examine: () => examine({environment, createStore: openStore, lifetimesOf, clock}),
		clock,
		...waiting,
		...createTombstonesAndGuard(store, {lifetimes, ...waiting}),
		onProblem: (facts, message) => onProblem(`${message}: ${JSON.stringify(facts)}`),
	});
	const audit = isAudited(settings) ? await openAudit(store, {elapsed: waiting.elapsed, onProblem}) : noAudit;
	return {operations: withOperationsAudited(operations, audit), audit, store};
};

/** Into the store alone: the file is that of the servers. */
const openAudit = async (store: ObjectStore, {elapsed, onProblem}: {elapsed: () => number} & Pick<LocalOptions, 'onProblem'>) =>
	startAudit(store, {
		...{replica: randomUUID(), startedAt: await store.now(), elapsed},
		observer: {recordAudited: () => undefined, recordAuditFlush: () => undefined},
		onFailed: (_, {message}) => onProblem(`this command is not in the audit: ${message}`),
		onLost: () => undefined,
	});

const readSettings = (environment: LocalOptions['environment']): Settings => {
	try {
		const {settings} = parseSettings(environment);
		lifetimesOf(settings);
		if (settings.store !== 'memory') return settings;
	} catch (error) {
		if (!(error instanceof SettingsInvalid)) throw error;
		throw new CommandFailed('unreachable', error.message, 'or ask a running server: --server');
	}
	throw new CommandFailed('unreachable', 'a memory store is known to its server alone', 'ask that server: --server http://127.0.0.1:5000');
};

const readPolicy = async (file: string | undefined): Promise<Policy> => {
	if (file === undefined) return noPolicy;
	const text = await readFile(file, 'utf8').catch((error: Error) => {
		throw new CommandFailed(
			'unreachable',
			`the policy ${file} cannot be read: ${error.message}`,
			'set LAYERCACHE_POLICY to the file that the servers have',
		);
	});
	try {
		return parsePolicy(text, file);
	} catch (error) {
		if (!(error instanceof PolicyInvalid)) throw error;
		throw new CommandFailed('unreachable', error.message, `layercache policy check ${file}`);
	}
};

const storeAdvice = 'set LAYERCACHE_STORE and what belongs to it as the server has it, or ask the server: --server';
