/** The usage that one process hears of, put together: counted, and stored every minute. */

import {type FlushingOptions, startFlushing} from '../lib/flushing.ts';
import type {ObjectStore} from '../storage/objectStore.ts';
import {createNotebook, type NotebookOptions} from './notebook.ts';
import {createUsageRecorder, type UsageObserver} from './recorder.ts';
import type {UsageRecorder} from './usage.ts';

export type UsageOptions = NotebookOptions &
	Pick<FlushingOptions, 'onFailed' | 'wait'> & {
		everyMs?: number;
		observer: UsageObserver & {recordUsageFlush: FlushingOptions['onFlushed']};
	};

export type Usage = {
	recorder: UsageRecorder;
	/** Stores the rest. */
	stop(): Promise<void>;
};

export const startUsage = (store: ObjectStore, {observer, everyMs = 60_000, onFailed, wait, ...options}: UsageOptions): Usage => {
	const notebook = createNotebook(store, options);
	const flushing = startFlushing({flush: notebook.flush, everyMs, onFailed, wait, onFlushed: observer.recordUsageFlush});
	return {recorder: createUsageRecorder(notebook, observer), stop: flushing.stop};
};
