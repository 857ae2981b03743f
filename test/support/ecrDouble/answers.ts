/** Answers of the double, and refusals in the OCI's words. */
import type {Readable} from 'node:stream';
import {OciError} from 'oci-spec-types';

export type EcrAnswer = {status: number; headers?: Record<string, string>; body?: string | Readable};

export class EcrRefusal extends Error {
	readonly answer: EcrAnswer;
	constructor(answer: EcrAnswer) {
		super(`refused with ${answer.status}`);
		this.answer = answer;
	}
}

export const refuse = (status: number, code: string, message: string, headers: Record<string, string> = {}): EcrRefusal =>
	new EcrRefusal({status, headers: {'content-type': 'application/json', ...headers}, body: JSON.stringify({errors: [{code, message}]})});

/** Throws what is none. */
export const refusalAnswer = (error: unknown): EcrAnswer => {
	if (error instanceof EcrRefusal) return error.answer;
	if (error instanceof OciError) return refuse(error.status, error.code, error.message).answer;
	throw error;
};
