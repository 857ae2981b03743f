/** Stores what was gathered: now and then while there is news, and once more at the end. */
import {setTimeout as delay} from 'node:timers/promises';

export type FlushingOptions = {
	/** Stores what is not stored yet; says whether there was anything. */
	flush(): Promise<boolean>;
	everyMs: number;
	onFlushed(outcome: 'stored' | 'failed'): void;
	/** Once for a failure that comes again and again. */
	onFailed(error: Error): void;
	wait?: (ms: number, signal: AbortSignal) => Promise<unknown>;
};

export type Flushing = {
	/** Resolves when what was gathered is stored, or could not be. */
	stop(): Promise<void>;
};

export const startFlushing = ({flush, everyMs, onFlushed, onFailed, wait = waitUnheld}: FlushingOptions): Flushing => {
	const stopping = new AbortController();
	let lastFailure = '';

	const flushOnce = async (): Promise<void> => {
		try {
			if (await flush()) onFlushed('stored');
			lastFailure = '';
		} catch (error) {
			onFlushed('failed');
			const failure = error instanceof Error ? error : new Error(String(error));
			if (failure.message !== lastFailure) onFailed(failure);
			lastFailure = failure.message;
		}
	};

	const repeat = async (): Promise<void> => {
		for (;;) {
			await wait(everyMs, stopping.signal);
			await flushOnce();
		}
	};

	// It ends by being stopped, and in no other way.
	const ended = repeat().catch(() => undefined);
	return {
		async stop() {
			stopping.abort();
			await ended;
			await flushOnce();
		},
	};
};

/** Nobody's process lives on for this. */
const waitUnheld = (ms: number, signal: AbortSignal) => delay(ms, undefined, {ref: false, signal});
