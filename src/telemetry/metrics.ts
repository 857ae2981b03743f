/** The numbers at /metrics, for Prometheus. */
import {Counter, collectDefaultMetrics, Gauge, Histogram, Registry} from 'prom-client';

export type Metrics = ReturnType<typeof createMetrics>;
export type RecordedRequest = {kind: string; method: string; status: number; seconds: number; bytesIn: number; bytesOut: number};
export type RecordedS3Request = {operation: string; status: number | undefined; seconds: number};
export type RecordedOperation = {operation: string; outcome: string; seconds: number; bytes: number};

export const createMetrics = ({version}: {version: string}) => {
	const registry = new Registry();
	const registers = [registry];
	collectDefaultMetrics({register: registry});

	new Gauge({name: 'layercache_build_info', help: 'The version that runs, always 1.', labelNames: ['version'], registers}).set(
		{version},
		1,
	);
	const requests = new Counter({
		name: 'layercache_http_requests_total',
		help: 'Requests answered, by kind of endpoint.',
		labelNames: ['kind', 'method', 'status'],
		registers,
	});
	const durations = <const L extends string>(name: string, help: string, label: L) =>
		new Histogram({name, help, labelNames: [label], buckets: durationBuckets, registers});
	const seconds = durations(
		'layercache_http_request_duration_seconds',
		'From the head of a request to the last byte of its answer, by kind of endpoint.',
		'kind',
	);
	const received = new Counter({name: 'layercache_http_received_bytes_total', help: 'Bytes of request bodies.', registers});
	const sent = new Counter({
		name: 'layercache_http_sent_bytes_total',
		help: 'Bytes of answers; redirected layers are not among them.',
		registers,
	});
	const operations = new Counter({
		name: 'layercache_store_operations_total',
		help: 'What was asked of the store.',
		labelNames: ['operation', 'outcome'],
		registers,
	});
	const operationSeconds = durations('layercache_store_operation_duration_seconds', 'How long the store took.', 'operation');
	const operationBytes = new Counter({
		name: 'layercache_store_bytes_total',
		help: 'Bytes to and from the store.',
		labelNames: ['operation'],
		registers,
	});

	const s3Requests = new Counter({
		name: 'layercache_s3_requests_total',
		help: 'Requests to S3, each attempt for itself; status 0 is no answer.',
		labelNames: ['operation', 'status'],
		registers,
	});
	const s3Seconds = durations('layercache_s3_request_duration_seconds', 'How long S3 took to begin its answer.', 'operation');

	return {
		requestsInFlight: new Gauge({name: 'layercache_http_requests_in_flight', help: 'Requests that are being answered.', registers}),

		recordRequest({kind, method, status, ...request}: RecordedRequest) {
			requests.inc({kind, method, status});
			seconds.observe({kind}, request.seconds);
			received.inc(request.bytesIn);
			sent.inc(request.bytesOut);
		},

		recordOperation({operation, outcome, ...done}: RecordedOperation) {
			operations.inc({operation, outcome});
			operationSeconds.observe({operation}, done.seconds);
			if (done.bytes > 0) operationBytes.inc({operation}, done.bytes);
		},

		recordS3Request({operation, status = 0, ...request}: RecordedS3Request) {
			s3Requests.inc({operation, status});
			s3Seconds.observe({operation}, request.seconds);
		},

		text: () => registry.metrics(),
		contentType: registry.contentType,
	};
};

// From an answer out of memory to a 50 GiB layer over a slow line.
const durationBuckets = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 1800];
