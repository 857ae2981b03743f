/** The body of a GET that goes on where it broke: with a Range of the very same object, or not at all. */
import type {Readable} from 'node:stream';
import {setTimeout as delay} from 'node:timers/promises';
import {createDestroyable, type Destroyable} from '../../lib/destroyable.ts';
import type {Etag} from '../objectStore.ts';
import type {S3} from './client.ts';
import {explain, S3Failure} from './s3Failure.ts';

/** What a body carries of which object; `end` inclusive. */
export type Extract = {key: string; etag: Etag | undefined; size: number; start: number; end: number};

/** Throws when S3 stays bad for longer than its patience, and as soon as the object is not the same any more: two are never mixed. */
export const resumingBody = (s3: S3, opened: Readable, {key, etag, size, start, end}: Extract): Destroyable => {
	const left = new AbortController();
	const outage = createOutage(s3.tuning.patienceSeconds);
	let body = opened;
	let chunks = body[Symbol.asyncIterator]();
	let position = start;

	const step = async (): Promise<IteratorResult<Uint8Array>> => {
		const result = await chunks.next();
		if (!result.done) position += result.value.length;
		if (result.done ? position <= end : position > end + 1) throw new Error(`the body has not the ${end + 1 - start} bytes it was to have`);
		return result;
	};

	const reopen = async (cause: unknown) => {
		body.destroy();
		const failure = explain(cause, 'GetObject', s3.settings);
		if (left.signal.aborted || etag === undefined || position > end || !outage.isBearable(position)) throw failure;
		await delay(outage.waitSeconds(s3.tuning.firstWaitSeconds) * 1000, undefined, {signal: left.signal});
		const request = {
			operation: 'GetObject',
			method: 'GET',
			fullKey: s3.fullKey(key),
			headers: {range: `bytes=${position}-${end}`, 'if-match': etag},
			signal: left.signal,
		} as const;
		const answer = await s3.open(request).catch(error => {
			throw isOther(error) ? changed(s3, key, error) : error;
		});
		body = answer.body;
		chunks = body[Symbol.asyncIterator]();
		// A server that ignores the condition, or the range, or that was left in the meantime.
		const isSame = answer.headers.etag === etag && answer.headers['content-range'] === `bytes ${position}-${end}/${size}`;
		if (isSame && !left.signal.aborted) return;
		body.destroy();
		throw changed(s3, key, failure);
	};

	const next = async () => {
		for (;;) {
			try {
				return await step();
			} catch (error) {
				await reopen(error);
			}
		}
	};

	return createDestroyable(next, () => {
		left.abort(new Error('the reader has left'));
		body.destroy();
	});
};

/** Breaks that follow one another without progress worth the name, counted and timed. */
const createOutage = (patienceSeconds: number) => {
	let breaks = 0;
	let lastPosition = Number.NEGATIVE_INFINITY;
	let startedAt = 0;
	return {
		isBearable(position: number): boolean {
			if (position - lastPosition >= progressBytes) {
				breaks = 0;
				startedAt = performance.now();
				lastPosition = position;
			}
			breaks += 1;
			return breaks <= breaksBorne && performance.now() - startedAt <= patienceSeconds * 1000;
		},
		waitSeconds: (first: number) => (breaks === 1 ? 0 : first * 2 ** breaks),
	};
};

const breaksBorne = 6;
const progressBytes = 1024 * 1024;

const isOther = (error: unknown) => error instanceof S3Failure && [404, 412, 416].includes(error.status ?? 0);

const changed = (s3: S3, key: string, cause: Error) =>
	new S3Failure(
		`S3 (bucket ${s3.bucket}) broke off while ${key} was read, and it was replaced or removed before the rest could be fetched`,
		{code: 'ChangedWhileRead', status: undefined, cause},
	);
