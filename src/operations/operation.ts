/** What an operation is: one thing that an administrator can do, described well enough to become a command, a route and a page of the docs. */
import type {z} from 'zod';

export type OperationFacts = {
	/** One sentence, without a full stop. */
	summary: string;
	/** What else one has to know to use it; sentences. */
	about?: string;
	/** `write` changes what the store has. */
	effect: 'read' | 'write';
	/** Takes long where there is much: over HTTP it is begun, and asked about. */
	job: boolean;
	/**
	 * What it would remove is shown, and asked about, before it does: its input has `dryRun`, and its output the same shape
	 * either way. With `plan` in its input it does what was shown or nothing.
	 */
	removes?: true;
	/** Fields of the input that a command line takes in this order, without their names; the last may be a list. */
	positional?: readonly string[];
	input: z.ZodObject;
	output: z.ZodObject;
};

/** How far a long operation has come. `total` where it is known. */
export type Progress = {done: number; total?: number; of: string};

/** Who has an operation run, as the audit tells it. */
export type Runner = {who: string; from: string; requestId: string};

/** `onProgress` may be called often. After `signal` the operation ends soon, and leaves nothing half done. */
export type RunContext = {onProgress(progress: Progress): void; signal: AbortSignal; by?: Runner | undefined};

/** What an operation says no with. The message says what is the matter, `advice` what to do. */
export class OperationError extends Error {
	override readonly name = 'OperationError';
	readonly code: OperationErrorCode;
	readonly advice?: string;
	constructor(code: OperationErrorCode, message: string, advice?: string) {
		super(message);
		this.code = code;
		this.advice = advice;
	}
}

/** `changed`: what would go is no longer what was shown. `busy`: somebody else is doing it. */
export const operationErrorCodes = ['invalid', 'not-found', 'protected', 'changed', 'busy'] as const;
export type OperationErrorCode = (typeof operationErrorCodes)[number];

/** A value that whoever has it only reads. */
export type Unchanging<T> = T extends readonly (infer E)[]
	? readonly Unchanging<E>[]
	: T extends object
		? {readonly [K in keyof T]: Unchanging<T[K]>}
		: T;
