/** Bodies that are small, forms and the input of operations: all of one comes soon, or it is not waited for. */
import type {IncomingMessage} from 'node:http';
import {readAtMost} from '../lib/bytes.ts';

/**
 * All of it. Throws TooLarge. A connection on which it takes longer is cut: anybody may send a form to log in with, and who sends it a
 * byte at a time would have one for as long as they like. `withinMs` for tests.
 */
export const readSmallBody = async (request: IncomingMessage, mostBytes: number, withinMs = usualMs): Promise<Buffer> => {
	const late = setTimeout(() => request.socket.destroy(), withinMs);
	try {
		// Without this the connection would be cut before a refusal is read.
		return await readAtMost(request.iterator({destroyOnReturn: false}), mostBytes);
	} finally {
		clearTimeout(late);
	}
};

// A mebibyte within it is 35 KiB a second.
const usualMs = 30_000;
