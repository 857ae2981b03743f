/** What the server asks of registries elsewhere. */
import type {Instruments} from './instruments.ts';

export type RecordedUpstreamRequest = {upstream: string; operation: string; status: number | undefined; seconds: number};
export type RecordedUpstreamBytes = {upstream: string; direction: 'sent' | 'received'; bytes: number};

export const createUpstreamMetrics = ({counter, durations}: Instruments) => {
	const requests = counter(
		'layercache_upstream_requests_total',
		'Requests to an upstream, each attempt and each redirect for itself; status 0 is no answer.',
		'upstream',
		'operation',
		'status',
	);
	const seconds = durations(
		'layercache_upstream_request_duration_seconds',
		'How long an upstream took to begin its answer; for an upload, its body included.',
		'upstream',
		'operation',
	);
	const bytes = counter('layercache_upstream_bytes_total', 'Bytes of blobs to and from an upstream.', 'upstream', 'direction');

	return {
		/** `upstream` is its name in the policy. */
		recordUpstreamRequest({upstream, operation, status = 0, ...request}: RecordedUpstreamRequest) {
			requests.inc({upstream, operation, status});
			seconds.observe({upstream, operation}, request.seconds);
		},

		recordUpstreamBytes: ({upstream, direction, ...transferred}: RecordedUpstreamBytes) =>
			bytes.inc({upstream, direction}, transferred.bytes),
	};
};
