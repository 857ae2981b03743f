/** The body of a blob that goes on where its connection broke, and ends well only if its bytes are those that were asked for. */
import {createHash} from 'node:crypto';
import {type ByteRange, type Digest, digestAlgorithm, formatDigest} from 'oci-spec-types';
import {createDestroyable, type Destroyable} from '../lib/destroyable.ts';
import {nonsense, unreachable} from './refusals.ts';
import type {RemoteAnswer} from './remoteClient.ts';
import {parseContentRangeOf} from './remoteRanges.ts';
import {UpstreamFailure} from './upstream.ts';

export type Wanted = {
	digest: Digest;
	/** Of the whole blob. */
	size: number;
	/** What the body carries, both inclusive; `end` is below `start` where that is nothing. */
	start: number;
	end: number;
	host: string;
	/** Asks for the rest. */
	reopen(range: ByteRange): Promise<RemoteAnswer>;
	onBytes(bytes: number): void;
};

type Source = RemoteAnswer['body'];

/** A whole blob is hashed on the way, and its last piece held back until the hash agrees; of a part only its length is known. */
export const resumingBlob = (opened: Source, {digest, size, start, end, host, reopen, onBytes}: Wanted): Destroyable => {
	const hash = start === 0 && end === size - 1 ? createHash(digestAlgorithm(digest)) : undefined;
	const failure = (problem: string) => nonsense({host, operation: 'readBlob'}, problem);
	let source = opened;
	let chunks = source[Symbol.asyncIterator]();
	let position = start;
	let breaks = 0;
	let isLeft = false;
	let held: Uint8Array | undefined;
	let isOver = false;

	const resume = async (error: unknown): Promise<void> => {
		source.destroy();
		const broken = unreachable(error, {host, operation: 'readBlob'});
		if (isLeft || !(broken instanceof UpstreamFailure && broken.isPassing) || ++breaks > breaksBorne) throw broken;
		const answer = await reopen({start: position, end});
		source = answer.body;
		chunks = source[Symbol.asyncIterator]();
		const range = answer.status === 206 ? parseContentRangeOf(answer.headers['content-range']) : undefined;
		if (!isLeft && range?.start === position && range.end === end && range.size === size) return;
		source.destroy();
		throw isLeft ? broken : failure(`broke off in the middle of ${digest}, and does not give the rest`);
	};

	/** The next piece, however often it takes. */
	const step = async (): Promise<Uint8Array | undefined> => {
		for (;;) {
			try {
				const result = await chunks.next();
				if (!result.done) return result.value as Uint8Array;
				if (position > end) return undefined;
				throw Object.assign(new Error('the body ends too early'), {code: 'UND_ERR_SOCKET'});
			} catch (error) {
				await resume(error);
			}
		}
	};

	const take = async (): Promise<Uint8Array | undefined> => {
		const chunk = await step();
		if (!chunk) return undefined;
		position += chunk.length;
		if (position > end + 1) throw failure(`sends more than the ${end + 1 - start} bytes that ${digest} has`);
		breaks = 0;
		hash?.update(chunk);
		onBytes(chunk.length);
		return chunk;
	};

	const assertWhole = () => {
		if (!hash) return;
		const actual = formatDigest(digestAlgorithm(digest), hash.digest('hex'));
		if (actual !== digest) throw failure(`sends bytes that are not ${digest} but ${actual}`);
	};

	const next = async (): Promise<IteratorResult<Uint8Array>> => {
		while (!isOver) {
			const chunk = await take();
			if (!chunk) {
				isOver = true;
				assertWhole();
			}
			const ready = held;
			held = chunk;
			if (ready) return {done: false, value: ready};
		}
		return {done: true, value: undefined};
	};

	return createDestroyable(next, () => {
		isLeft = true;
		source.destroy();
	});
};

const breaksBorne = 5;
