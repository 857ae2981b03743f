/** Holds the conversations, many at once, and writes down what must not happen. */
import type {Conversation, PlainStep, Step} from './conversations.ts';
import {type Answer, type Connection, Hang, openConnection, statusesIn} from './wire.ts';
import {mark} from './world.ts';

/** `where` repeats it: the seed of its batch, the conversation in it and the step in that. */
export type Problem = {what: 'failure' | 'hang' | 'leak' | 'broken'; where: string; detail: string};

export type Tally = {requests: number; statuses: Map<number, number>; problems: Problem[]};

export type Attacker = {
	readonly tally: Tally;
	/** Never throws: what goes wrong is a problem of the tally. */
	hold(conversation: Conversation, where: string): Promise<void>;
};

export type AttackerOptions = {
	port: number;
	/** Values of Authorization; undefined sends none. */
	credentials: readonly (string | undefined)[];
	/** So long without a word is a hang. */
	patienceMs: number;
};

export const createAttacker = ({port, credentials, patienceMs}: AttackerOptions): Attacker => {
	const tally: Tally = {requests: 0, statuses: new Map(), problems: []};
	// Where uploads go on that some conversation has begun.
	const uploads: string[] = Array.from({length: knownUploads}, () => '/v2/open/app/blobs/uploads/none');
	let nextUpload = 0;

	const tell = (problem: Problem) => {
		if (tally.problems.length < mostProblems) tally.problems.push(problem);
	};

	const check = (status: number, bytes: Buffer, where: string, request: Buffer) => {
		tally.statuses.set(status, (tally.statuses.get(status) ?? 0) + 1);
		const detail = `${shown(request)} => ${shown(bytes)}`;
		if (status >= 500) tell({what: 'failure', where, detail});
		if (bytes.includes(mark)) tell({what: 'leak', where, detail});
	};

	const requestOf = (step: Exclude<Step, {kind: 'raw'}>): PlainStep => {
		if (step.kind === 'request') return step;
		const location = uploads[step.which] as string;
		const query = step.query && location.includes('?') ? `&${step.query}` : step.query && `?${step.query}`;
		return {...step, kind: 'request', path: location + query};
	};

	const remember = ({headers}: Answer) => {
		const location = headers.get('location');
		if (!location?.includes('/uploads/')) return;
		uploads[nextUpload] = location;
		nextUpload = (nextUpload + 1) % knownUploads;
	};

	const takeStep = async (connection: Connection, step: Step, where: string): Promise<void> => {
		tally.requests += 1;
		const isLast = step.kind === 'raw';
		const plain = isLast ? undefined : requestOf(step);
		const bytes = plain ? encode(plain, credentials[plain.credential % credentials.length]) : (step as {bytes: Buffer}).bytes;
		try {
			if (!plain) {
				const said = await connection.finish(bytes);
				for (const status of statusesIn(said)) check(status, said, where, bytes);
				return;
			}
			const answer = await connection.ask(bytes, plain.method);
			if (!answer) return;
			check(answer.status, answer.bytes, where, bytes);
			remember(answer);
		} catch (error) {
			tell({what: error instanceof Hang ? 'hang' : 'broken', where, detail: `${shown(bytes)} => ${error}`});
			connection.destroy();
		}
	};

	return {
		tally,
		async hold(conversation, where) {
			let connection = openConnection(port, patienceMs);
			for (const [at, step] of conversation.entries()) {
				// Whatever is refused for its form ends the connection, and the rest goes on with another.
				if (!connection.isOpen) connection = openConnection(port, patienceMs);
				await takeStep(connection, step, `${where} step ${at}`);
			}
			connection.destroy();
		},
	};
};

const knownUploads = 64;
const mostProblems = 50;

/** Nothing is checked or escaped: what stands in the path stands on the wire. */
const encode = ({method, path, headers, body}: PlainStep, authorization: string | undefined): Buffer => {
	const own = headers.map(([name, value]) => `${name}: ${value}\r\n`).join('');
	const credential = authorization === undefined ? '' : `Authorization: ${authorization}\r\n`;
	const length = body.length > 0 || bodied.has(method) ? `Content-Length: ${body.length}\r\n` : '';
	return Buffer.concat([Buffer.from(`${method} ${path} HTTP/1.1\r\nHost: registry\r\n${credential}${own}${length}\r\n`, 'latin1'), body]);
};

const bodied: ReadonlySet<string> = new Set(['POST', 'PUT', 'PATCH']);

const shown = (bytes: Buffer): string => JSON.stringify(bytes.toString('latin1', 0, 600));
