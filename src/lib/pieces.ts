/** The pieces of a stream as they come, for one reader, with his sender's speed. */
import {finished, type Readable} from 'node:stream';
import {createSpeed, type SpeedOptions} from './speed.ts';

export type Pieces = {
	/** Asked for one at a time. Rejects with the stream's own error, or with what it was given up for. */
	next(): Promise<IteratorResult<Uint8Array>>;
	isSlow(): boolean;
	/** Whoever reads gets this error now, or when he reads on. */
	giveUp(error: Error): void;
	/** Nobody reads on, and whoever still waits hears so: what comes is thrown away, and the stream is not destroyed. */
	leave(): void;
};

/**
 * Takes each piece from the hand of the stream: its own iterator needs an event, a turn of the loop and its buffer for each. Only the time that
 * the reader waits for them counts. `note` sees each result before he does.
 */
export const piecesOf = (stream: Readable, options: SpeedOptions, note: (result: IteratorResult<Uint8Array>) => void): Pieces => {
	const speed = createSpeed(options);
	let failure: Error | undefined;
	let isOver = false;
	let asked: {resolve(result: IteratorResult<Uint8Array>): void; reject(error: Error): void} | undefined;

	const answer = (result: IteratorResult<Uint8Array>) => {
		speed.did(result.done ? 0 : result.value.length);
		note(result);
		asked?.resolve(result);
		asked = undefined;
	};

	const fail = (error: Error) => {
		failure ??= error;
		asked?.reject(failure);
		asked = undefined;
	};

	const take = (value: Uint8Array) => {
		if (asked) return answer({done: false, value});
		// Put back, it counts as what the stream keeps, which so keeps no other.
		stream.pause();
		stream.unshift(value);
	};

	const stopListening = finished(stream, {writable: false}, error => {
		if (error) return fail(error);
		isOver = true;
		if (asked) answer(ended);
	});

	stream.pause();
	stream.on('data', take);

	return {
		next: () =>
			new Promise((resolve, reject) => {
				if (failure) return reject(failure);
				asked = {resolve, reject};
				speed.wait();
				if (isOver) answer(ended);
				else if (stream.isPaused()) stream.resume();
			}),
		isSlow: speed.isSlow,
		giveUp: fail,
		leave() {
			stopListening();
			// Not the end: it would pass for all that there was.
			fail(new Error('nobody reads this stream any more'));
			stream.off('data', take).resume();
		},
	};
};

const ended: IteratorResult<Uint8Array> = {done: true, value: undefined};
