/** What a handler answers, and how it gets onto the wire. */
import type {ServerResponse} from 'node:http';
import {Readable} from 'node:stream';
import {pipeline} from 'node:stream/promises';
import type {Bytes} from '../registry/registry.ts';

/** A stream must come with its Content-Length, so that a client notices when it is cut. */
export type Reply = {
	status: number;
	headers?: Record<string, string | readonly string[]>;
	body?: string | Uint8Array | (Bytes & {destroy(): void});
};

/** Writes a reply; resolves when all of it was handed to the system. Throws when a stream failed or the client left: the connection is cut then. */
export const sendReply = async (response: ServerResponse, method: string, {status, headers = {}, body}: Reply): Promise<void> => {
	const hasBody = method !== 'HEAD' && body !== undefined;
	for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
	response.statusCode = status;
	if (hasBody && isStream(body)) return pipeline(Readable.from(body, {objectMode: false}), response);
	if (isStream(body)) body.destroy();
	else if (body !== undefined) response.setHeader('Content-Length', Buffer.byteLength(body));
	else if (method !== 'HEAD' && status !== 204 && status !== 304) response.setHeader('Content-Length', 0);
	response.end(hasBody ? body : undefined);
};

export const jsonReply = (status: number, value: unknown, headers: Reply['headers'] = {}): Reply => ({
	status,
	headers: {'Content-Type': 'application/json', ...headers},
	body: JSON.stringify(value),
});

const isStream = (body: Reply['body']): body is Bytes & {destroy(): void} => typeof body === 'object' && Symbol.asyncIterator in body;
