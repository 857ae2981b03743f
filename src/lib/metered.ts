/** A stream whose speed is known, and which can be given up while it is waited for. */
import {createSpeed, type SpeedOptions} from './speed.ts';

export type Metered = AsyncIterable<Uint8Array> & {
	isSlow(): boolean;
	/** Whoever reads gets this error now, or when he reads on. */
	giveUp(error: Error): void;
};

/** The same bytes, for one reader; only the time that he waits for them counts. */
export const createMetered = (body: AsyncIterable<Uint8Array>, options: SpeedOptions): Metered => {
	const chunks = body[Symbol.asyncIterator]();
	const speed = createSpeed(options);
	let failure: Error | undefined;
	let fail: ((error: Error) => void) | undefined;

	const next = () =>
		// Not by a race with one promise for all chunks, which would remember every one of them.
		new Promise<IteratorResult<Uint8Array>>((resolve, reject) => {
			if (failure) return reject(failure);
			fail = reject;
			speed.wait();
			chunks.next().then(result => {
				speed.did(result.done ? 0 : result.value.length);
				resolve(result);
			}, reject);
		});

	const iterator: AsyncIterator<Uint8Array> = {
		next,
		async return() {
			// Not awaited: a generator that is waiting for bytes returns only when they come.
			chunks.return?.()?.catch(() => undefined);
			return {done: true, value: undefined};
		},
	};
	return {
		[Symbol.asyncIterator]: () => iterator,
		isSlow: speed.isSlow,
		giveUp(error) {
			failure ??= error;
			fail?.(failure);
		},
	};
};
