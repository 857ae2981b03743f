/** Answers that pages are made of, remembered: a page must not go through a large store each time it is looked at. */
import {LRUCache} from 'lru-cache';
import {createFlights} from '../../lib/flights.ts';
import type {Operations} from '../../operations/operations.ts';

export type Remembered = Operations & {
	/** Something was changed: everything is asked anew. */
	forget(): void;
};

/**
 * Asking again may take a twentieth of the time. Then, what is soon answered is waited for; what took long is shown as it was, up
 * to an hour, while it is asked anew. `elapsed`: milliseconds since some moment, never going back.
 */
export const createRemembered = ({run}: Operations, elapsed: () => number): Remembered => {
	const known = new LRUCache<string, Known>({max: mostKnown});
	const flights = createFlights<Known>();

	return {
		async run(name, input) {
			const key = `${name} ${JSON.stringify(input)}`;
			const ask = async (): Promise<Known> => {
				const found = await flights.ask(
					key,
					async () => {
						const startedAt = elapsed();
						const answer: object = await run(name, input);
						return {answer, at: elapsed(), tookMs: elapsed() - startedAt};
					},
					found => void known.set(key, found),
				);
				return found as Known;
			};

			const last = known.get(key);
			const age = last ? elapsed() - last.at : Infinity;
			if (last && age < last.tookMs * restFactor) return last.answer as never;
			const renewed = ask();
			if (!last || last.tookMs < soonMs || age > shownAtMostMs) return (await renewed).answer as never;
			// Whoever asks when it is too old to be shown hears of what went wrong.
			renewed.catch(() => undefined);
			return last.answer as never;
		},

		forget() {
			for (const key of known.keys()) flights.drop(key);
			known.clear();
		},
	};
};

type Known = {answer: object; at: number; tookMs: number};

const restFactor = 19;
const soonMs = 1000;
const shownAtMostMs = 3_600_000;
// Pages of so many repositories and refs; some take a megabyte.
const mostKnown = 100;
