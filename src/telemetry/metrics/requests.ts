/** What clients ask of the server, and how uploads and layers go. */
import {beginAt0, type Instruments} from './instruments.ts';

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

	const waiting = gauge('layercache_waiting', 'Requests that wait for what others have of this.', 'sum', 'for');
	const gaveWay = counter('layercache_gave_way_total', 'Slow requests that gave this up, since others waited for it.', 'what');
	beginAt0(gaveWay, 'what', ['requests', 'uploads', 'manifests', 'downloads', 'memory']);
	const ended = counter('layercache_connections_ended_total', 'Connections that were ended or not taken, and why.', 'why');
	beginAt0(ended, 'why', ['headers', 'idle', 'refused']);

	return {
		/** What hears of one thing that requests wait for. */
		observerOf: (what: string) => ({
			waiting: (count: number) => waiting.set({for: what}, count),
			gaveWay: () => gaveWay.inc({what}),
		}),

		recordConnectionEnd: (why: string) => ended.inc({why}),

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
