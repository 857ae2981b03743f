/** The command line in this process: what it said, and how it ended. */
import {runLayercache} from '../../src/cli/commandLine.ts';
import {plain} from '../../src/cli/terminal.ts';
import {openLocalOperations} from '../../src/localOperations.ts';
import {createMemoryStore} from '../../src/storage/memory.ts';
import type {ObjectStore} from '../../src/storage/objectStore.ts';

export type CommandOptions = {
	store?: ObjectStore;
	environment?: Record<string, string>;
	/** What somebody at the terminal answers; without one there is no terminal. */
	answer?: boolean;
	/** Before the answer: what happens while somebody reads. */
	meanwhile?: () => Promise<void>;
	clock?: () => number;
};

export type CommandResult = {code: number | undefined; out: string; said: string; asked: readonly string[]};

/** On `store`, or with `--server` on a server. */
export const runCommand = async (args: readonly string[], options: CommandOptions = {}): Promise<CommandResult> => {
	const {store = createMemoryStore(), environment = {}, answer, meanwhile, clock} = options;
	const outs: string[] = [];
	const says: string[] = [];
	const asked: string[] = [];
	const code = await runLayercache(args, {
		environment,
		signal: new AbortController().signal,
		terminal: {
			out: text => void outs.push(text),
			say: text => void says.push(text),
			isInteractive: answer !== undefined,
			async confirm(question) {
				asked.push(question);
				await meanwhile?.();
				return answer === true;
			},
			progressStream: undefined,
			paint: plain,
		},
		openLocal: () =>
			openLocalOperations({
				// What is kept of it outlives the command.
				openStore: () => ({...store, close: async () => undefined}),
				// There is no disk behind it that might be full.
				environment: {LAYERCACHE_STORE: 'disk', LAYERCACHE_DISK_FREE_PERCENT: '0', ...environment},
				user: 'operator',
				onProblem: message => void says.push(`${message}\n`),
				...(clock && {clock}),
			}),
		serve: () => Promise.reject(new Error('nobody serves in a test')),
	});
	return {code, out: outs.join(''), said: says.join(''), asked};
};

export const json = ({out}: CommandResult) => JSON.parse(out);
