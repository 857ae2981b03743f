/** The audit of one process, put together: events become lines, and lines go to the store and to a file. */

import {type Flushing, startFlushing} from '../lib/flushing.ts';
import {createFollowedClock} from '../lib/followedClock.ts';
import {type ObjectStore, PreconditionFailed} from '../storage/objectStore.ts';
import type {Audit} from './audit.ts';
import type {AuditFile} from './auditFile.ts';
import {auditKeys} from './auditKeys.ts';
import {type Backlog, createBacklog} from './backlog.ts';
import {type ClosedWindow, createWindows, windowMs} from './windows.ts';

export type AuditPlace = 'store' | 'file';

export type AuditOptions = {
	/** Hexadecimal with dashes, and of no other process ever. */
	replica: string;
	/** The store's clock, now. */
	startedAt: Date;
	/** Milliseconds since some moment, never going back. */
	elapsed: () => number;
	file?: AuditFile | undefined;
	observer: {
		recordAudited(place: AuditPlace, outcome: 'written' | 'lost', events: number): void;
		recordAuditFlush(place: AuditPlace, outcome: 'stored' | 'failed'): void;
	};
	/** Once for a failure that comes again and again. What could not be written is kept, and tried again. */
	onFailed(place: AuditPlace, error: Error): void;
	/** Nobody will write these events any more. */
	onLost(place: AuditPlace, events: number): void;
	wait?: (ms: number, signal: AbortSignal) => Promise<unknown>;
};

export const startAudit = (
	store: ObjectStore,
	{replica, startedAt, elapsed, file, observer, onFailed, onLost, wait}: AuditOptions,
): Audit => {
	// Each answer tells the store's clock again: the lines of all replicas go by one.
	const {now, follow} = createFollowedClock(startedAt, elapsed);
	const places = new Map<AuditPlace, {backlog: Backlog; flushing: Flushing}>();
	const windows = createWindows({
		now,
		onClosed(window) {
			for (const {backlog} of places.values()) backlog.add(window);
		},
	});

	const writeTo = (place: AuditPlace, write: (window: ClosedWindow, number: number) => Promise<void>) => {
		const backlog = createBacklog({
			write,
			onEvents(outcome, events) {
				observer.recordAudited(place, outcome, events);
				if (outcome === 'lost') onLost(place, events);
			},
		});
		const flushing = startFlushing({
			flush() {
				windows.close();
				return backlog.flush();
			},
			everyMs: windowMs,
			onFlushed: outcome => observer.recordAuditFlush(place, outcome),
			onFailed: error => onFailed(place, error),
			wait,
		});
		places.set(place, {backlog, flushing});
	};

	writeTo('store', async (window, number) => {
		try {
			const {answeredAt} = await store.write(auditKeys.window(window, replica, number), window.lines, {contentType, ifAbsent: true});
			follow(answeredAt);
		} catch (error) {
			// It was written before, and the answer was lost: nobody else has this key.
			if (!(error instanceof PreconditionFailed)) throw error;
		}
	});
	if (file) writeTo('file', ({lines}) => file.append(lines));

	return {
		record: windows.record,
		reopen: () => file?.reopen(),
		async stop() {
			const ending = [...places.values()].map(async ({backlog, flushing}) => {
				await flushing.stop();
				backlog.abandon();
			});
			await Promise.all(ending);
			await file?.close();
		},
	};
};

const contentType = 'application/x-ndjson';
