/** Asserts that a call is refused with an OciError of this shape. */
import type {ExecutionContext} from 'ava';
import {type ErrorCode, errorTable, OciError} from '../src/index.ts';

type Expected = {code: ErrorCode; status?: number; message?: string; detail?: unknown; headers?: Record<string, string>};

/** The status is the table's unless given. */
export const refused = (t: ExecutionContext, act: () => unknown, expected: Expected): OciError => {
	const error = t.throws(act, {instanceOf: OciError});
	if (!error) throw new Error('was not refused'); // AVA has recorded that already
	t.like(error, {status: errorTable[expected.code].status, ...expected});
	return error;
};
