/** What a handler answers, and how it gets onto the wire. */
import type {ServerResponse} from 'node:http';
import type {Destroyable} from '../lib/destroyable.ts';
import {peek} from '../lib/peek.ts';

/** A stream must come with its Content-Length, so that a client notices when it is cut. */
export type Reply = {status: number; headers?: Record<string, string | readonly string[]>; body?: string | Uint8Array | Destroyable};

/**
 * Writes a reply; resolves when all of it was handed to the system. `onSent` hears of the bytes of the body as they go. Throws when a
 * stream failed or the client left: before its first byte nothing was sent, after it the connection is cut.
 */
export const sendReply = async (response: ServerResponse, method: string, reply: Reply, onSent: (bytes: number) => void): Promise<void> => {
	const {body} = reply;
	if (isStream(body)) return sendStream(response, method, {...reply, body}, onSent);
	const hasBody = method !== 'HEAD' && body !== undefined;
	writeHead(response, reply);
	if (body !== undefined) response.setHeader('Content-Length', Buffer.byteLength(body));
	else if (method !== 'HEAD' && reply.status !== 204 && reply.status !== 304) response.setHeader('Content-Length', 0);
	if (hasBody) onSent(Buffer.byteLength(body));
	response.end(hasBody ? body : undefined);
};

export const jsonReply = (status: number, value: unknown, headers: Reply['headers'] = {}): Reply => ({
	status,
	headers: {'Content-Type': 'application/json', ...headers},
	body: JSON.stringify(value),
});

const sendStream = async (
	response: ServerResponse,
	method: string,
	reply: Reply & {body: Destroyable},
	onSent: (bytes: number) => void,
) => {
	try {
		if (method === 'HEAD') {
			writeHead(response, reply);
			return void response.end();
		}
		// A store that fails before its first byte can still be answered with an error.
		const bytes = await peek(reply.body);
		writeHead(response, reply);
		await writeAll(
			response,
			{[Symbol.asyncIterator]: () => bytes.all[Symbol.asyncIterator](), destroy: () => reply.body.destroy()},
			onSent,
		);
	} finally {
		reply.body.destroy();
	}
};

const writeHead = (response: ServerResponse, {status, headers = {}}: Reply) => {
	for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
	response.statusCode = status;
};

/**
 * One piece after the other, each when the client has room for it: a stream in between would hold two more for each client that is slow.
 * Throws ClientLeft; whatever `body` waits for then is left too.
 */
const writeAll = async (response: ServerResponse, body: Destroyable, onSent: (bytes: number) => void): Promise<void> => {
	let moved = Promise.withResolvers<void>();
	const move = () => moved.resolve();
	response.on('drain', move).once('close', () => {
		move();
		body.destroy();
	});
	const hasLeft = () => response.destroyed && !response.writableFinished;
	try {
		for await (const bytes of body) {
			if (hasLeft()) break;
			moved = Promise.withResolvers();
			onSent(bytes.length);
			if (!response.write(bytes)) await moved.promise;
		}
	} catch (error) {
		if (!hasLeft()) throw error;
	}
	if (!hasLeft()) await new Promise<void>(resolve => response.once('close', resolve).end(resolve));
	if (hasLeft()) throw new ClientLeft();
};

/** With the code that writing to a connection which is gone ends with. */
class ClientLeft extends Error {
	override readonly name = 'ClientLeft';
	readonly code = 'ERR_STREAM_PREMATURE_CLOSE';
	constructor() {
		super('the client left before it had everything');
	}
}

const isStream = (body: Reply['body']): body is Destroyable => typeof body === 'object' && Symbol.asyncIterator in body;
