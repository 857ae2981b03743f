/** The command line: a command for each operation of the table, made from it. */
import {type Command, CommanderError, Option} from 'commander';
import {OperationError, type OperationFacts} from '../operations/operation.ts';
import {type Operations, parseInput} from '../operations/operations.ts';
import {type OperationName, operationGroups, operationNames, operations as table} from '../operations/table.ts';
import {StoreUnavailable, StoreUnfit} from '../storage/objectStore.ts';
import {addInput, wordingOf} from './arguments.ts';
import {CommandFailed, type Outcome} from './exitCodes.ts';
import {createRemoteOperations} from './remote.ts';
import {printableLines} from './render/printable.ts';
import {runOperation} from './runOperation.ts';
import type {Terminal} from './terminal.ts';

export type CommandLineOptions = {
	terminal: Terminal;
	environment: Readonly<Record<string, string | undefined>>;
	/** Operations on the store that the settings name. Nothing is opened before one is run. */
	openLocal: () => LocalOperations;
	/** Aborted by an interrupt. */
	signal: AbortSignal;
};

export type LocalOperations = Operations & {close(): Promise<void>};
export type CommonOptions = {json?: boolean; server?: string; token?: string; yes?: boolean};

/** Adds all of them. */
export const addOperations = (program: Command, options: CommandLineOptions, finish: (outcome: Outcome) => void): void => {
	for (const name of operationNames) {
		const facts: OperationFacts = table[name];
		const path = name.split('.');
		const word = path.at(-1) as string;
		const parent = path.length > 1 ? groupOf(program, path[0] as string) : program;
		const command = parent.command(word).description([facts.summary, facts.about].filter(Boolean).join('.\n\n'));
		command.summary(facts.summary);
		const inputOf = addInput(command, facts);
		command.addOption(new Option('--json', 'answer one JSON document, for programs'));
		if (facts.removes) command.addOption(new Option('--yes', 'do not ask'));
		command.addOption(
			new Option('--server <url>', 'ask this server, instead of the store that the settings name; by default LAYERCACHE_SERVER'),
		);
		command.addOption(
			new Option('--token <token>', 'the token of that server; others on this machine can see it: better set LAYERCACHE_TOKEN'),
		);
		command.action(async (...given: unknown[]) => {
			const args = given.slice(0, -2);
			const named = given.at(-2) as CommonOptions & Record<string, unknown>;
			finish(await runOn(options, named, name, inputOf({args, options: named})));
		});
	}
};

const groupOf = (program: Command, word: string): Command =>
	program.commands.find(command => command.name() === word) ?? program.command(word).description(operationGroups[word] ?? '');

const runOn = async (
	{terminal, environment, openLocal, signal}: CommandLineOptions,
	// Like any setting that is empty, an empty one in the environment is none; one that was typed is a mistake.
	{json = false, yes = false, server = environment.LAYERCACHE_SERVER || undefined, token}: CommonOptions,
	name: OperationName,
	input: Record<string, unknown>,
): Promise<Outcome> => {
	// Before anything is opened or asked.
	parseInput(name, input, wordingOf(name, table[name]));
	const remote =
		server === undefined
			? undefined
			: createRemoteOperations({server: serverUrl(server), token: sendable(token ?? environment.LAYERCACHE_TOKEN)});
	const local = remote ? undefined : openLocal();
	try {
		return await runOperation(name, input, {operations: (remote ?? local) as Operations, terminal, json, yes, signal});
	} finally {
		await local?.close();
	}
};

const serverUrl = (text: string): URL => {
	const url = URL.parse(text);
	if (url?.username || url?.password)
		throw new CommandFailed('usage', '--server: a URL with a name or a password is not taken', 'leave them out, and set LAYERCACHE_TOKEN');
	if (url && /^https?:$/.test(url.protocol)) return url;
	throw new CommandFailed('usage', `--server: ${text} is no URL`, 'such as https://cache.example.com or http://127.0.0.1:5000');
};

/** A header takes no other; and whoever sends one would be told of it with the token. */
const sendable = (token: string | undefined): string | undefined => {
	const trimmed = token?.trim();
	if (!trimmed || /^[\x21-\x7e]+$/.test(trimmed)) return trimmed;
	throw new CommandFailed(
		'usage',
		'LAYERCACHE_TOKEN has blanks, or signs that no header takes',
		'look at it: it may be more than the token',
	);
};

/** Runs a command line to its end; says what went wrong, and how it ended. */
export const runCommandLine = async (program: Command, args: readonly string[], terminal: Terminal): Promise<Outcome | undefined> => {
	for (const command of allCommands(program)) command.exitOverride().configureOutput({writeOut: terminal.out, writeErr: terminal.say});
	try {
		await program.parseAsync(args, {from: 'user'});
		return undefined;
	} catch (error) {
		if (error instanceof CommanderError) return error.exitCode === 0 ? 'ok' : 'usage';
		const told = explain(error);
		if (!told) throw error;
		terminal.say(`${terminal.paint('red', 'error')}: ${printableLines(`${told.message}\n${told.advice ? `  -> ${told.advice}\n` : ''}`)}`);
		return told.outcome;
	}
};

const allCommands = (command: Command): Command[] => [command, ...command.commands.flatMap(allCommands)];

const explain = (error: unknown): {outcome: Outcome; message: string; advice?: string | undefined} | undefined => {
	if (error instanceof CommandFailed) return error;
	if (error instanceof OperationError)
		return {outcome: error.code === 'invalid' ? 'usage' : 'no', message: error.message, advice: error.advice};
	if (error instanceof StoreUnavailable || error instanceof StoreUnfit)
		return {outcome: 'unreachable', message: error.message, advice: '`layercache doctor` looks closer'};
	return undefined;
};
