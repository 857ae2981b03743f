/** Windows that one place has not written down yet. What it cannot take is kept up to a bound; beyond it events are lost, and that is written down. */
import {formatLine} from './line.ts';
import type {ClosedWindow} from './windows.ts';

export type BacklogOptions = {
	/** Throws while it cannot be done. The same window may come again, with the same `number`, which no other has. */
	write(window: ClosedWindow, number: number): Promise<void>;
	mostBytes?: number;
	/** `events` were written, or will never be. */
	onEvents(outcome: 'written' | 'lost', events: number): void;
};

export type Backlog = {
	add(window: ClosedWindow): void;
	/** Writes all there is, oldest first, and says whether there was anything. Never two at a time. */
	flush(): Promise<boolean>;
	/** Gives up what is left: nobody will write it. Answers how many events that were. */
	abandon(): number;
};

export const createBacklog = ({write, mostBytes = usualBytes, onEvents}: BacklogOptions): Backlog => {
	const waiting: {window: ClosedWindow; number: number}[] = [];
	let begun = 0;
	let bytes = 0;
	let gap: {events: number; first: number; last: number} | undefined;

	const push = (window: ClosedWindow) => {
		waiting.push({window, number: begun++});
		bytes += window.lines.length;
	};

	/** The newest are given up: what there is stays without gaps up to one that says how large it is. */
	const lose = ({events, first, last}: ClosedWindow) => {
		gap = {events: (gap?.events ?? 0) + events, first: gap?.first ?? first, last};
		onEvents('lost', events);
	};

	return {
		add(window) {
			if (bytes + window.lines.length > mostBytes) return lose(window);
			if (gap) push(windowOf(gap));
			gap = undefined;
			push(window);
		},

		async flush() {
			const wasEmpty = waiting.length === 0;
			for (let next = waiting[0]; next; next = waiting[0]) {
				const {window, number} = next;
				await write(window, number);
				waiting.shift();
				bytes -= window.lines.length;
				onEvents('written', window.events);
			}
			return !wasEmpty;
		},

		abandon() {
			const left = waiting.splice(0).reduce((events, {window}) => events + window.events, 0);
			bytes = 0;
			if (left > 0) onEvents('lost', left);
			return left;
		},
	};
};

// Some hours of a busy server: a window is 10 to 100 KiB there.
const usualBytes = 16 * 1024 * 1024;

/** A window with one line, of what is missing here. It stands for no event. */
const windowOf = ({events, first, last}: {events: number; first: number; last: number}): ClosedWindow => {
	const line = formatLine({
		...{audit: 1, first: new Date(first).toISOString(), last: new Date(last).toISOString(), count: events},
		...{
			what: 'lost',
			who: 'layercache',
			from: 'local',
			allowed: true,
			why: 'so many events could not be kept: there was no place to write them down',
		},
		requestId: '',
	});
	return {lines: Buffer.from(line), events: 0, first, last};
};
