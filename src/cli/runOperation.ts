/** One operation on the command line: what would go is shown and asked about first, and its answer is told to people or programs. */

import type {OperationFacts} from '../operations/operation.ts';
import type {Operations} from '../operations/operations.ts';
import {type OperationInput, type OperationName, type OperationOutput, operations as table} from '../operations/table.ts';
import {CommandFailed, type Outcome} from './exitCodes.ts';
import {createProgressBar} from './progressBar.ts';
import {printable} from './render/printable.ts';
import {type Rendering, renderings} from './render/renderings.ts';
import type {Terminal} from './terminal.ts';

export type RunOptions = {
	operations: Operations;
	terminal: Terminal;
	json: boolean;
	/** Somebody agreed already. */
	yes: boolean;
	signal: AbortSignal;
};

/** `input` as it was typed. Throws OperationError, StoreUnavailable, CommandFailed. */
export const runOperation = async (name: OperationName, input: Record<string, unknown>, options: RunOptions): Promise<Outcome> => {
	const facts: OperationFacts = table[name];
	if (facts.removes && input.dryRun !== true) return remove(name, input, options);
	const output = await run(name, input, options);
	tell(name, output, options);
	return renderingOf(name).outcome?.(output) ?? 'ok';
};

const remove = async (name: OperationName, input: Record<string, unknown>, options: RunOptions): Promise<Outcome> => {
	const {terminal, json, yes} = options;
	const {going} = renderingOf(name);
	const shown = await run(name, {...input, dryRun: true}, options);
	const {count, question, plan, anyway = false} = going?.(shown) ?? {count: 0, question: ''};
	if (json && !yes && count > 0) throw unasked('with --json nobody is asked');
	if (!json) tell(name, shown, options);
	if (count === 0 && !anyway) {
		if (json) tell(name, shown, options);
		return renderingOf(name).outcome?.(shown) ?? 'ok';
	}
	if (!yes && count > 0) {
		if (!terminal.isInteractive) throw unasked('this is no terminal to ask at');
		if (!(await terminal.confirm(question))) {
			terminal.say('nothing was deleted\n');
			return 'no';
		}
	}
	// What was shown goes, or nothing.
	const done = await run(name, {...input, dryRun: false, ...(plan !== undefined && {plan})}, options);
	tell(name, done, options);
	return renderingOf(name).outcome?.(done) ?? 'ok';
};

const unasked = (why: string) => new CommandFailed('no', `nothing was deleted: ${why}`, 'add --yes to delete, or --dry-run to look only');

const run = async (name: OperationName, input: Record<string, unknown>, {operations, terminal, signal}: RunOptions) => {
	const bar = createProgressBar(terminal.progressStream);
	try {
		return await operations.run(name, input as OperationInput<typeof name>, {onProgress: bar.onProgress, signal});
	} finally {
		bar.stop();
	}
};

const tell = (name: OperationName, output: OperationOutput<OperationName>, {terminal, json}: RunOptions): void =>
	terminal.out(json ? `${JSON.stringify(output)}\n` : `${renderingOf(name).text(printable(output), terminal.paint).join('\n')}\n`);

/** The table has one for each; that a name and its output belong together is known to whoever ran it. */
const renderingOf = (name: OperationName): Rendering<OperationName> => renderings[name] as Rendering<OperationName>;
