/** Runs operations by their names: here on a store, or through a server (cli/remote.ts). */
import {OciError} from 'oci-spec-types';
import type {z} from 'zod';
import {OperationError, type RunContext} from './operation.ts';
import {type OperationInput, type OperationName, type OperationOutput, operations, type ParsedInput} from './table.ts';

export type Operations = {
	/** Throws OperationError, StoreUnavailable. */
	run<N extends OperationName>(name: N, input: OperationInput<N>, context?: Partial<RunContext>): Promise<OperationOutput<N>>;
};

/** How each is done. */
export type Runs = {readonly [N in OperationName]: Run<N>};
export type Run<N extends OperationName> = (input: ParsedInput<N>, context: RunContext) => Promise<OperationOutput<N>>;

export const createOperations = (runs: Runs): Operations => ({
	async run(name, input, {onProgress = () => undefined, signal = never, by} = {}) {
		const run: Run<typeof name> = runs[name];
		try {
			const output = await run(parseInput(name, input), {onProgress, signal, by});
			// What the answer is made of may say more than the table promises.
			return operations[name].output.parse(output) as OperationOutput<typeof name>;
		} catch (error) {
			throw error instanceof OciError ? inOurWords(error) : error;
		}
	},
});

/** How whoever typed an input calls its fields, and where they find what belongs there. */
export type Wording = {nameOf: (field: string) => string; advice: string};

/** Checks all of it at once. Throws OperationError `invalid`, which names every field that is wrong. */
export const parseInput = <N extends OperationName>(name: N, input: unknown, wording: Wording = ofApi(name)): ParsedInput<N> => {
	const schema: z.ZodType<ParsedInput<N>> = operations[name].input as never;
	const read = schema.safeParse(input);
	if (read.success) return read.data;
	const problems = read.error.issues.map(({path: [field, ...within], message}) =>
		field === undefined ? message : `${[wording.nameOf(String(field)), ...within].join('.')}: ${message}`,
	);
	throw new OperationError('invalid', problems.join('; '), wording.advice);
};

const ofApi = (name: OperationName): Wording => ({nameOf: field => field, advice: `what ${name} takes: docs/api.md`});

const never = new AbortController().signal;

/** What the registry refuses. */
const inOurWords = (error: OciError): OperationError => {
	if (error.code === 'DENIED') return new OperationError('protected', error.message);
	if (error.status === 404) return new OperationError('not-found', error.message);
	return new OperationError('invalid', error.message);
};
