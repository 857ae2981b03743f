/** What is asked of upstreams, and what waits to be handed over to them. */
import {beginAt0, type Instruments} from './instruments.ts';

export type RecordedUpstreamRequest = {upstream: string; operation: string; status: number | undefined; seconds: number};
export type RecordedUpstreamBytes = {upstream: string; direction: 'sent' | 'received'; bytes: number};
/** `failing`: of those that wait, whose last attempt failed. */
export type WaitingHandOvers = {waiting: number; failing: number; oldest: Date | undefined};
/** `dropped`: there was nothing left to hand over. */
export type HandOverOutcome = 'done' | 'failed' | 'dropped';

export const createUpstreamMetrics = ({counter, gauge, durations}: Instruments) => {
	const requests = counter(
		'layercache_upstream_requests_total',
		'Requests to upstreams, each attempt for itself; status 0 is no answer.',
		'upstream',
		'operation',
		'status',
	);
	const requestSeconds = durations(
		'layercache_upstream_request_duration_seconds',
		'How long an upstream took to begin its answer.',
		'upstream',
		'operation',
	);
	const bytes = counter('layercache_upstream_bytes_total', 'Bytes of blobs, sent to upstreams and received.', 'upstream', 'direction');
	const handOvers = counter(
		'layercache_handovers_total',
		'Attempts to hand over what waited for an upstream: done, failed and tried again, or dropped since nothing was left.',
		'outcome',
	);
	const waiting = gauge('layercache_handovers_waiting', 'What was acknowledged and is not at its upstream yet.', 'max');
	const failing = gauge('layercache_handovers_failing', 'Of these, what an upstream has refused or not taken at the last attempt.', 'max');
	const oldest = gauge(
		'layercache_handovers_oldest_timestamp_seconds',
		'When the oldest of these was pushed; 0 where nothing waits.',
		'max',
	);

	beginAt0(handOvers, 'outcome', ['done', 'failed', 'dropped'] satisfies HandOverOutcome[]);

	return {
		recordUpstreamRequest({upstream, operation, status = 0, seconds}: RecordedUpstreamRequest) {
			requests.inc({upstream, operation, status});
			requestSeconds.observe({upstream, operation}, seconds);
		},

		recordUpstreamBytes: ({upstream, direction, bytes: count}: RecordedUpstreamBytes) => bytes.inc({upstream, direction}, count),

		recordHandOver: (outcome: HandOverOutcome) => handOvers.inc({outcome}),

		setHandOvers({waiting: count, failing: failed, oldest: since}: WaitingHandOvers) {
			waiting.set(count);
			failing.set(failed);
			oldest.set(since ? since.getTime() / 1000 : 0);
		},
	};
};
