/** What clients ask of the server, and how uploads and layers go. */
import type {Instruments} from './instruments.ts';

export type RecordedRequest = {kind: string; method: string; status: number; seconds: number; bytesIn: number; bytesOut: number};

export const createRequestMetrics = ({counter, gauge, durations}: Instruments) => {
	const requests = counter('layercache_http_requests_total', 'Requests answered, by kind of endpoint.', 'kind', 'method', 'status');
	const seconds = durations(
		'layercache_http_request_duration_seconds',
		'From the head of a request to the last byte of its answer, by kind of endpoint.',
		'kind',
	);
	const received = counter('layercache_http_received_bytes_total', 'Bytes of request bodies.');
	const sent = counter('layercache_http_sent_bytes_total', 'Bytes of answers; redirected layers are not among them.');
	const uploads = counter(
		'layercache_uploads_total',
		'Closing PUTs of uploads: redirected to the store, or streamed and why.',
		'way',
		'reason',
	);

	return {
		requestsInFlight: gauge('layercache_http_requests_in_flight', 'Requests that are being answered.', 'sum'),

		recordRequest({kind, method, status, ...request}: RecordedRequest) {
			requests.inc({kind, method, status});
			seconds.observe({kind}, request.seconds);
			received.inc(request.bytesIn);
			sent.inc(request.bytesOut);
		},

		uploadRedirects: gauge(
			'layercache_upload_redirects',
			'1 while builders are sent to the store with their layers, 0 while all uploads are streamed.',
			// Of several processes, the one that trusts the store least.
			'min',
		),

		/** `redirected`, or why it was streamed. */
		recordUpload(way: string) {
			uploads.inc(way === 'redirected' ? {way, reason: ''} : {way: 'streamed', reason: way});
		},
	};
};
