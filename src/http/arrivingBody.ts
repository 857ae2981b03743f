/** The body of a request: read when its beginning is there and there is room for it. */
import type {IncomingMessage} from 'node:http';
import {OciError} from 'oci-spec-types';
import type {Lender, Loan} from '../lib/lender.ts';
import {piecesOf} from '../lib/pieces.ts';
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
	// Not a generator, and so in what it is made of: a layer comes in thousands of pieces, and each would pass through it.
	const iterator = {
		next() {
			reading ??= openBody(request, options);
			return reading.next();
		},
	};
	return {
		[Symbol.asyncIterator]: () => iterator,
		leave() {
			reading?.leave();
		},
	};
};

type Reading = {next(): Promise<IteratorResult<Uint8Array>>; leave(): void};

const openBody = (request: IncomingMessage, {lender, amount, tenant, slow, onBytes, onCut}: BodyOptions): Reading => {
	const waiting: Uint8Array[] = [];
	let loan: Promise<Loan> | undefined;
	let hasEntered = false;
	let isEnded = false;
	const pieces = piecesOf(request, slow, ({done, value}) => {
		if (done) isEnded = true;
		else onBytes(value.length);
	});

	const giveWay = () => {
		onCut();
		pieces.giveUp(
			new OciError('UNAVAILABLE', undefined, {message: `less came than ${slow.leastPerSecond} bytes a second while others waited`}),
		);
		cutUnlessComplete(request);
	};

	/** Who sends a little now and then waits here, and nothing is begun for him. */
	const enter = async (): Promise<Loan> => {
		for (let size = 0; size < doorBytes; ) {
			const {done, value} = await pieces.next();
			if (done) break;
			size += value.length;
			keep(waiting, value);
		}
		return lender.borrow(amount, {name: tenant(), isSlow: () => !isEnded && pieces.isSlow(), giveWay});
	};

	const begin = async (): Promise<IteratorResult<Uint8Array>> => {
		loan ??= enter();
		await loan;
		hasEntered = true;
		const value = waiting.shift();
		return value ? {done: false, value} : pieces.next();
	};

	return {
		next: () => (hasEntered && waiting.length === 0 ? pieces.next() : begin()),
		leave() {
			loan?.then(({release}) => release()).catch(() => undefined);
			// Not cut: the client would see a reset instead of the reason. Node drains what nobody has begun to read, and leaves the rest to us.
			pieces.leave();
		},
	};
};

const doorBytes = 16 * 1024;
const fewPieces = 16;

/** Of many small pieces each would take far more than its bytes. */
const keep = (pieces: Uint8Array[], next: Uint8Array): void => {
	pieces.push(next);
	if (pieces.length >= fewPieces) pieces.splice(0, pieces.length, Buffer.concat(pieces));
};
