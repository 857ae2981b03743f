/** One connection to the server, on which anything may be written, and whose answers are read as they come. */
import {connect, type Socket} from 'node:net';

/** `bytes`: all of the answer, its head among them. */
export type Answer = {status: number; headers: ReadonlyMap<string, string>; bytes: Buffer};

export type Connection = {
	/** Resolves with the next answer; undefined where the server closed the connection without one. Throws Hang. */
	ask(request: Buffer, method: string): Promise<Answer | undefined>;
	/** Says that nothing more comes, and resolves with all that the server still says before it closes. Throws Hang. */
	finish(request: Buffer): Promise<Buffer>;
	readonly isOpen: boolean;
	destroy(): void;
};

export class Hang extends Error {
	override readonly name = 'Hang';
}

export const openConnection = (port: number, patienceMs: number): Connection => {
	const socket: Socket = connect({port, host: '127.0.0.1', allowHalfOpen: true, noDelay: true});
	let received: Buffer = Buffer.alloc(0);
	let isClosed = false;
	let wake: () => void = () => undefined;
	const notify = () => wake();
	socket.on('data', (chunk: Buffer) => {
		received = received.length === 0 ? chunk : Buffer.concat([received, chunk]);
		notify();
	});
	socket.on('error', () => undefined);
	for (const event of ['end', 'close'])
		socket.on(event, () => {
			isClosed = true;
			socket.end();
			notify();
		});

	/** Waits until there is news; throws when it takes too long. */
	const news = () =>
		new Promise<void>((resolve, reject) => {
			const timer = setTimeout(() => {
				socket.destroy();
				reject(new Hang(`nothing came for ${patienceMs} ms`));
			}, patienceMs);
			wake = () => {
				clearTimeout(timer);
				resolve();
			};
		});

	return {
		async ask(request, method) {
			socket.write(request);
			for (;;) {
				const answer = takeAnswer(received, method);
				if (answer && answer.bytes.length <= received.length) {
					received = received.subarray(answer.bytes.length);
					if (answer.status >= 200) return answer;
					continue;
				}
				if (isClosed) return undefined;
				await news();
			}
		},
		async finish(request) {
			socket.end(request);
			while (!isClosed) await news();
			return received;
		},
		get isOpen() {
			return !isClosed;
		},
		destroy: () => socket.destroy(),
	};
};

/** The first answer in what came, once all of it is there. */
const takeAnswer = (received: Buffer, method: string): Answer | undefined => {
	const end = received.indexOf('\r\n\r\n');
	if (end < 0) return undefined;
	const [first = '', ...lines] = received.toString('latin1', 0, end).split('\r\n');
	const status = Number(/^HTTP\/1\.1 (\d{3}) /.exec(first)?.[1] ?? Number.NaN);
	if (Number.isNaN(status)) throw new Error(`this is no answer: ${JSON.stringify(first.slice(0, 100))}`);
	const headers = new Map(lines.map(line => [line.slice(0, line.indexOf(':')).toLowerCase(), line.slice(line.indexOf(':') + 1).trim()]));
	const hasBody = method !== 'HEAD' && status >= 200 && status !== 204 && status !== 304;
	// Node's own answer to an Expect that it does not know comes in chunks, without any.
	const isChunked = hasBody && headers.get('transfer-encoding') === 'chunked';
	const size = end + 4 + (isChunked ? emptyChunks : hasBody ? Number(headers.get('content-length') ?? 0) : 0);
	return received.length < size ? undefined : {status, headers, bytes: received.subarray(0, size)};
};

const emptyChunks = '0\r\n\r\n'.length;

/** The statuses of all answers in what came. */
export const statusesIn = (bytes: Buffer): number[] =>
	[...bytes.toString('latin1').matchAll(/(?:^|\n|\})HTTP\/1\.1 (\d{3}) /g)].map(([, status]) => Number(status));
