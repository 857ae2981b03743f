/** The body of a request: read when its beginning is there and there is room for it. */
import type {IncomingMessage} from 'node:http';
import {OciError} from 'oci-spec-types';
import type {Lender, Loan} from '../lib/lender.ts';
import {createMetered} from '../lib/metered.ts';
import type {SpeedOptions} from '../lib/speed.ts';
import type {Bytes} from '../registry/registry.ts';
import type {Exchange} from './exchange.ts';
import {maxManifestBytes} from './manifests.ts';
import {bringsBody, type Room, slowBlob, slowManifest} from './room.ts';
import {tenantOf} from './tenant.ts';
import {cutUnlessComplete} from './unreadBody.ts';

export type ArrivingBody = Bytes & {
	/** Nobody reads it any more. */
	leave(): void;
};

/** The body of a request for the registry. What is slow while others wait for its room throws UNAVAILABLE. */
export const bodyOf = (exchange: Exchange, request: IncomingMessage, room: Room): ArrivingBody => {
	const kind = exchange.request?.kind;
	if (!kind || !bringsBody(kind)) return noBody;
	const isManifest = kind === 'manifest.put';
	return createArrivingBody(request, {
		lender: isManifest ? room.manifests : room.uploads,
		amount: isManifest ? Math.min(sizeOf(request) ?? maxManifestBytes, maxManifestBytes) : 1,
		slow: isManifest ? slowManifest : slowBlob,
		tenant: () => tenantOf(exchange),
		onBytes: bytes => {
			exchange.bytesIn += bytes;
		},
		onCut: () => {
			exchange.cut = 'slow';
		},
	});
};

const noBody: ArrivingBody = {
	async *[Symbol.asyncIterator]() {},
	leave() {},
};

/** Content-Length, where there is one. */
export const sizeOf = ({headers}: IncomingMessage): number | undefined =>
	headers['content-length'] === undefined ? undefined : Number(headers['content-length']);

export type BodyOptions = {
	/** Where it takes room, and how much. */
	lender: Lender;
	amount: number;
	tenant: () => string;
	slow: SpeedOptions;
	onBytes: (bytes: number) => void;
	/** It was slow, and others waited. */
	onCut: () => void;
};

/** Opened when it is first read: most requests have none. */
export const createArrivingBody = (request: IncomingMessage, options: BodyOptions): ArrivingBody => {
	let reading: Reading | undefined;
	return {
		async *[Symbol.asyncIterator]() {
			reading ??= openBody(request, options);
			for (let next = await reading.next(); !next.done; next = await reading.next()) yield next.value;
		},
		leave() {
			reading?.leave();
		},
	};
};

type Reading = {next(): Promise<IteratorResult<Uint8Array>>; leave(): void};

const openBody = (request: IncomingMessage, {lender, amount, tenant, slow, onBytes, onCut}: BodyOptions): Reading => {
	// An upload that is refused half way must not cut the connection: the client would see a reset instead of the reason.
	const unread = request.iterator({destroyOnReturn: false});
	const metered = createMetered({[Symbol.asyncIterator]: () => unread}, slow);
	const chunks = metered[Symbol.asyncIterator]();
	const waiting: Uint8Array[] = [];
	let loan: Promise<Loan> | undefined;
	let isEnded = false;

	const giveWay = () => {
		onCut();
		metered.giveUp(
			new OciError('UNAVAILABLE', undefined, {message: `less came than ${slow.leastPerSecond} bytes a second while others waited`}),
		);
		cutUnlessComplete(request);
	};

	const read = async () => {
		const result = isEnded ? ended : await chunks.next();
		if (result.done) isEnded = true;
		else onBytes(result.value.length);
		return result;
	};

	/** Who sends a little now and then waits here, and nothing is begun for him. */
	const enter = async (): Promise<Loan> => {
		for (let size = 0; size < doorBytes; ) {
			const {done, value} = await read();
			if (done) break;
			size += value.length;
			keep(waiting, value);
		}
		return lender.borrow(amount, {name: tenant(), isSlow: () => !isEnded && metered.isSlow(), giveWay});
	};

	return {
		async next() {
			loan ??= enter();
			await loan;
			const value = waiting.shift();
			return value ? {done: false, value} : read();
		},
		leave() {
			loan?.then(({release}) => release()).catch(() => undefined);
			// Node drains what nobody has begun to read, and leaves the rest to us: unread, it would stop the connection for good.
			void unread.return?.().finally(() => request.resume());
		},
	};
};

const doorBytes = 16 * 1024;
const fewPieces = 16;
const ended: IteratorResult<Uint8Array> = {done: true, value: undefined};

/** Of many small pieces each would take far more than its bytes. */
const keep = (pieces: Uint8Array[], next: Uint8Array): void => {
	pieces.push(next);
	if (pieces.length >= fewPieces) pieces.splice(0, pieces.length, Buffer.concat(pieces));
};
