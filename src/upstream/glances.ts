/** Asks an upstream where there is another answer than its own: for a moment, and then not at all for a while. */
import {OciError} from 'oci-spec-types';
import {UpstreamFailure} from './upstream.ts';

/** What `ask` answers. Throws what it throws; UNAVAILABLE when that takes long, or did so just now. */
export type Glance = <T>(upstream: string, ask: () => Promise<T>) => Promise<T>;

/** `elapsed` in milliseconds since some moment; `wait` resolves after so many. */
export const createGlance = (elapsed: () => number, wait: (ms: number) => Promise<unknown>): Glance => {
	// Else each look of each build would wait for an upstream that is away, and be told the same.
	const awayUntil = new Map<string, number>();
	return async (upstream, ask) => {
		if (elapsed() < (awayUntil.get(upstream) ?? Number.NEGATIVE_INFINITY)) throw late(upstream);
		try {
			return await Promise.race([
				ask(),
				wait(longestMs).then(() => {
					throw late(upstream);
				}),
			]);
		} catch (error) {
			if (isAway(error)) awayUntil.set(upstream, elapsed() + passedOverMs);
			throw error;
		}
	};
};

const isAway = (error: unknown): boolean =>
	error instanceof OciError && error.code === 'UNAVAILABLE' && (!(error instanceof UpstreamFailure) || error.isPassing);

const late = (upstream: string) =>
	new OciError('UNAVAILABLE', {upstream}, {message: `the upstream ${upstream} does not answer in ${longestMs / 1000} s`});

// A HEAD takes less than one of them, and the first token of AWS two.
const longestMs = 5000;
const passedOverMs = 10_000;
