/** Cuts what happens into windows of some seconds, each of one day, and makes lines of them. */
import {dayOf, endOfDay} from '../lib/days.ts';
import type {AuditEvent} from './audit.ts';
import {createFolding, type Folding, type FoldingLimits} from './folding.ts';
import {formatLine} from './line.ts';

/** What was recorded in one: `lines` is text, `events` how many there were, `first` and `last` when, in milliseconds since 1970. */
export type ClosedWindow = {lines: Buffer; events: number; first: number; last: number};

export type WindowsOptions = {
	/** Milliseconds since 1970. */
	now: () => number;
	onClosed(window: ClosedWindow): void;
	limits?: FoldingLimits;
};

/** From the first event of a window to its last at most so long: readers look for events no further than this from the time in a key. */
export const windowMs = 10_000;

export const createWindows = ({now, onClosed, limits}: WindowsOptions) => {
	let open: {folding: Folding; first: number; last: number; endsAt: number} | undefined;

	const close = (): void => {
		if (!open) return;
		const {folding, first, last} = open;
		open = undefined;
		onClosed({lines: Buffer.from(folding.lines().map(formatLine).join('')), events: folding.count(), first, last});
	};

	const begin = (at: number) => ({
		...{folding: createFolding(limits), first: at, last: at},
		endsAt: Math.min(at + windowMs, endOfDay(dayOf(at))),
	});

	return {
		record(event: AuditEvent): void {
			const at = now();
			// The timer that closes windows may be late: whatever it waits for, no window becomes longer.
			if (open && (at >= open.endsAt || at < open.first)) close();
			open ??= begin(at);
			open.folding.add(event, at);
			open.last = Math.max(open.last, at);
		},
		/** Ends the one that is open, if anything happened in it. */
		close,
	};
};
