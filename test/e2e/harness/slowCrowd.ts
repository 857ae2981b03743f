/** Clients that take their time: uploads that trickle, readers that hardly read, headers that never end. Each holds one connection. */
import {randomBytes} from 'node:crypto';
import {connect, type Socket} from 'node:net';

export const slowKinds = ['uploads', 'begunUploads', 'readers', 'headers'] as const;
export type SlowKind = (typeof slowKinds)[number];

export interface SlowCrowd {
	/** Of the connections, those that the server has ended. */
	cut(): number;
	end(): void;
}

export interface SlowOptions {
	readonly url: string;
	/** Who is slow: one after the other, in turn. */
	readonly kinds: readonly SlowKind[];
	readonly count: number;
	/** The address that they come from. */
	readonly from: string;
	/** The path of a large blob, for the readers. */
	readonly blob: string;
}

/** Resolves when all are connected and have sent what they send at once. */
export const startSlowCrowd = async ({url, kinds, count, from, blob}: SlowOptions): Promise<SlowCrowd> => {
	const {hostname: host, port} = new URL(url);
	let cut = 0;
	let isOver = false;
	const sockets = await Promise.all(
		Array.from({length: count}, async (_, index) => {
			const socket = connect({host, port: Number(port), localAddress: from});
			socket.on('error', () => undefined);
			socket.on('close', () => {
				if (!isOver) cut += 1;
			});
			await new Promise<void>(resolve => socket.once('connect', resolve));
			await begin[kinds[index % kinds.length] ?? 'headers'](socket, {host, blob, name: `slow/${from.replaceAll('.', '-')}-${index}`});
			return socket;
		}),
	);
	return {
		cut: () => cut,
		end() {
			isOver = true;
			for (const socket of sockets) socket.destroy();
		},
	};
};

const layerBytes = 10_000_000;
const stepMs = 250;
const stepBytes = 64;

interface Place {
	readonly host: string;
	readonly blob: string;
	/** A repository of its own. */
	readonly name: string;
}

const begin: Readonly<Record<SlowKind, (socket: Socket, place: Place) => Promise<void>>> = {
	uploads: (socket, place) => upload(socket, place, 1),
	// As a layer that was fast until the line broke down.
	begunUploads: (socket, place) => upload(socket, place, 200_000),

	async readers(socket, {host, blob}) {
		socket.pause();
		socket.write(`GET ${blob} HTTP/1.1\r\nHost: ${host}\r\n\r\n`);
		repeat(socket, () => socket.read(stepBytes));
	},

	async headers(socket, {host}) {
		socket.resume();
		socket.write(`GET /v2/ HTTP/1.1\r\nHost: ${host}\r\n`);
		repeat(socket, () => socket.write('X-Slow: 1\r\n'));
	},
};

const upload = async (socket: Socket, {host, name}: Place, firstBytes: number) => {
	socket.write(`POST /v2/${name}/blobs/uploads/ HTTP/1.1\r\nHost: ${host}\r\nContent-Length: 0\r\n\r\n`);
	const answer = await new Promise<string>(resolve => socket.once('data', data => resolve(data.toString())));
	const location = /^location: (\S+)/im.exec(answer)?.[1];
	if (!location) throw new Error(`no upload was begun: ${answer.slice(0, 200)}`);
	const digest = `sha256:${randomBytes(32).toString('hex')}`;
	const target = `${location}${location.includes('?') ? '&' : '?'}digest=${digest}`;
	socket.resume();
	socket.write(`PUT ${target} HTTP/1.1\r\nHost: ${host}\r\nContent-Length: ${layerBytes}\r\n\r\n`);
	socket.write(randomBytes(firstBytes));
	repeat(socket, () => socket.write(randomBytes(stepBytes)));
};

const repeat = (socket: Socket, step: () => unknown) => {
	const timer = setInterval(step, stepMs);
	socket.on('close', () => clearInterval(timer));
};
