/** What waits to be handed over to upstreams. */
import {beginAt0, type Instruments} from './instruments.ts';

/** `failing`: of those that wait, whose last attempt failed. */
export type WaitingHandOvers = {waiting: number; failing: number; oldest: Date | undefined};
/** `dropped`: there was nothing left to hand over. */
export type HandOverOutcome = 'done' | 'failed' | 'dropped';

export const createHandOverMetrics = ({counter, gauge}: Instruments) => {
	const handOvers = counter(
		'layercache_handovers_total',
		'Attempts to hand over what waited for an upstream: done, failed and tried again, or dropped since nothing was left.',
		'outcome',
	);
	const waiting = gauge('layercache_handovers_waiting', 'What was acknowledged and is not at its upstream yet.', 'max');
	const failing = gauge('layercache_handovers_failing', 'Of these, what its upstream did not take at the last attempt.', 'max');
	const oldest = gauge(
		'layercache_handovers_oldest_timestamp_seconds',
		'When the oldest of these was pushed; 0 where nothing waits.',
		'max',
	);

	beginAt0(handOvers, 'outcome', ['done', 'failed', 'dropped'] satisfies HandOverOutcome[]);

	return {
		recordHandOver: (outcome: HandOverOutcome) => handOvers.inc({outcome}),

		setHandOvers({waiting: count, failing: failed, oldest: since}: WaitingHandOvers) {
			waiting.set(count);
			failing.set(failed);
			oldest.set(since ? since.getTime() / 1000 : 0);
		},
	};
};
