/** The numbers at /metrics, for Prometheus. */
import {AggregatorRegistry, Counter, collectDefaultMetrics, Gauge, Histogram, Registry} from 'prom-client';

export type Metrics = ReturnType<typeof createMetrics>;
export type RecordedRequest = {kind: string; method: string; status: number; seconds: number; bytesIn: number; bytesOut: number};
export type RecordedS3Request = {operation: string; status: number | undefined; seconds: number};
export type RecordedOperation = {operation: string; outcome: string; seconds: number; bytes: number};
export type RecordedDerivation = {repo: string; ways: readonly string[]; made: boolean; missing: readonly string[]};

/** What one process has counted, as it travels to another. */
export type MetricsReport = Awaited<ReturnType<Registry['getMetricsAsJSON']>>;

export type MetricsOptions = {
	version: string;
	/** Where several processes serve one port: gives the reports of all, for ours. */
	gather?: (own: MetricsReport) => Promise<MetricsReport[]>;
};

export const createMetrics = ({version, gather}: MetricsOptions) => {
	const registry = new Registry();
	const registers = [registry];
	collectDefaultMetrics({register: registry});

	new Gauge({
		name: 'layercache_build_info',
		help: 'The version that runs, always 1.',
		labelNames: ['version'],
		aggregator: 'first',
		registers,
	}).set({version}, 1);
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
	const uploads = new Counter({
		name: 'layercache_uploads_total',
		help: 'Closing PUTs of uploads: redirected to the store, or streamed and why.',
		labelNames: ['way', 'reason'],
		registers,
	});
	const swept = new Counter({
		name: 'layercache_swept_total',
		help: 'What crashes and clients left behind, and the sweeper removed: unfinished uploads, objects of chunks.',
		labelNames: ['what'],
		registers,
	});
	const derived = new Counter({
		name: 'layercache_derived_answers_total',
		help: "Tags whose answer to an importer was not what was pushed to them: another tag's (fallback), several caches as one (union), without layers that are gone (repaired), small enough to be imported (compacted).",
		labelNames: ['way'],
		registers,
	});
	const documentsMade = new Counter({
		name: 'layercache_derived_documents_total',
		help: 'Documents that were made for such answers.',
		registers,
	});
	const missingLayers = new Counter({
		name: 'layercache_missing_layers_total',
		help: 'Layers that a document was made without, since they are gone. The log names them, and the tag.',
		labelNames: ['repository'],
		registers,
	});
	const tooLarge = new Counter({
		name: 'layercache_pushes_above_import_limit_total',
		help: 'Caches that were pushed with a manifest or config larger than BuildKit imports.',
		registers,
	});
	const policyReads = new Counter({
		name: 'layercache_policy_reads_total',
		help: 'How often the policy file was read, at the start and when it changed: loaded, or refused for its problems.',
		labelNames: ['outcome'],
		registers,
	});
	const policyStale = new Gauge({
		name: 'layercache_policy_stale',
		help: '1 while the policy file cannot be used and the one before it is in force.',
		// Of several processes, the one that is worst off.
		aggregator: 'max',
		registers,
	});
	const denials = new Counter({
		name: 'layercache_protected_refs_denials_total',
		help: 'Pushes and deletes of protected refs by clients without the right: refused, or accepted and discarded.',
		labelNames: ['did', 'outcome'],
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

	const report = async (): Promise<MetricsReport> =>
		(await registry.getMetricsAsJSON()).map(metric => ({...metric, aggregator: aggregators[metric.name] ?? metric.aggregator}));

	return {
		requestsInFlight: new Gauge({name: 'layercache_http_requests_in_flight', help: 'Requests that are being answered.', registers}),

		recordRequest({kind, method, status, ...request}: RecordedRequest) {
			requests.inc({kind, method, status});
			seconds.observe({kind}, request.seconds);
			received.inc(request.bytesIn);
			sent.inc(request.bytesOut);
		},

		uploadRedirects: new Gauge({
			name: 'layercache_upload_redirects',
			help: '1 while builders are sent to the store with their layers, 0 while all uploads are streamed.',
			// Of several processes, the one that trusts the store least.
			aggregator: 'min',
			registers,
		}),

		/** `redirected`, or why it was streamed. */
		recordUpload(way: string) {
			uploads.inc(way === 'redirected' ? {way, reason: ''} : {way: 'streamed', reason: way});
		},

		recordDerived({repo, ways, made, missing}: RecordedDerivation) {
			for (const way of ways) derived.inc({way});
			if (!made) return;
			documentsMade.inc();
			if (missing.length > 0) missingLayers.inc({repository: repo}, missing.length);
		},

		recordTooLarge: () => tooLarge.inc(),

		recordPolicyRead(outcome: 'loaded' | 'refused') {
			policyReads.inc({outcome});
			policyStale.set(outcome === 'refused' ? 1 : 0);
		},

		recordDenial: (did: 'push' | 'delete', outcome: 'refused' | 'discarded') => denials.inc({did, outcome}),

		recordSwept: (what: string, removed: number) => swept.inc({what}, removed),

		recordOperation({operation, outcome, ...done}: RecordedOperation) {
			operations.inc({operation, outcome});
			operationSeconds.observe({operation}, done.seconds);
			if (done.bytes > 0) operationBytes.inc({operation}, done.bytes);
		},

		recordS3Request({operation, status = 0, ...request}: RecordedS3Request) {
			s3Requests.inc({operation, status});
			s3Seconds.observe({operation}, request.seconds);
		},

		report,
		text: async () => (gather ? aggregate(await gather(await report())).metrics() : registry.metrics()),
		contentType: registry.contentType,
	};
};

/** Several reports as one. */
export const sumReports = (reports: MetricsReport[]): Promise<MetricsReport> => aggregate(reports).getMetricsAsJSON();

/** What stays of a process that has ended: all that only grows. */
export const withoutGauges = (report: MetricsReport): MetricsReport => report.filter(({type}) => String(type) !== 'gauge');

const aggregate = (reports: MetricsReport[]) => AggregatorRegistry.aggregate(reports);

// prom-client's own choices are for processes that have nothing to do with each other; most of the rest are sums.
const aggregators: Readonly<Record<string, MetricsReport[number]['aggregator']>> = {
	// The oldest process: when all this began.
	process_start_time_seconds: 'min',
	// A limit of each process.
	process_max_fds: 'min',
	// The process that is worst off; the mean of two percentiles is no percentile.
	nodejs_eventloop_lag_seconds: 'max',
	nodejs_eventloop_lag_p50_seconds: 'max',
	nodejs_eventloop_lag_p90_seconds: 'max',
	nodejs_eventloop_lag_p99_seconds: 'max',
};

// From an answer out of memory to a 50 GiB layer over a slow line.
const durationBuckets = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 1800];
