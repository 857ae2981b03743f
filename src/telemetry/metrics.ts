/** The numbers at /metrics, for Prometheus; docs/metrics.md explains each. */
import {AggregatorRegistry, collectDefaultMetrics, Registry} from 'prom-client';
import {createAuditMetrics} from './metrics/audit.ts';
import {createAuthenticationMetrics} from './metrics/authentication.ts';
import {createCollectionMetrics} from './metrics/collection.ts';
import {createContentsMetrics} from './metrics/contents.ts';
import {createHandOverMetrics} from './metrics/handOvers.ts';
import {createInstruments} from './metrics/instruments.ts';
import {createRefMetrics} from './metrics/refs.ts';
import {createRequestMetrics} from './metrics/requests.ts';
import {createStoreMetrics} from './metrics/stores.ts';
import {createTransportMetrics} from './metrics/transport.ts';
import {createUpstreamMetrics} from './metrics/upstreams.ts';
import {createUsageMetrics} from './metrics/usage.ts';

export type Metrics = ReturnType<typeof createMetrics>;

/** What one process has counted, as it travels to another. */
export type MetricsReport = Awaited<ReturnType<Registry['getMetricsAsJSON']>>;

export type MetricsOptions = {
	version: string;
	/** Where several processes serve one port: gives the reports of all, for ours. */
	gather?: (own: MetricsReport) => Promise<MetricsReport[]>;
};

export const createMetrics = ({version, gather}: MetricsOptions) => {
	const registry = new Registry();
	collectDefaultMetrics({register: registry});
	const instruments = createInstruments(registry);
	instruments.gauge('layercache_build_info', 'The version that runs, always 1.', 'first', 'version').set({version}, 1);

	const report = async (): Promise<MetricsReport> =>
		(await registry.getMetricsAsJSON()).map(metric => ({...metric, aggregator: aggregators[metric.name] ?? metric.aggregator}));

	return {
		...createRequestMetrics(instruments),
		...createUsageMetrics(instruments),
		...createRefMetrics(instruments),
		...createCollectionMetrics(instruments),
		...createContentsMetrics(instruments),
		...createStoreMetrics(instruments),
		...createUpstreamMetrics(instruments),
		...createHandOverMetrics(instruments),
		...createAuditMetrics(instruments),
		...createTransportMetrics(instruments),
		...createAuthenticationMetrics(instruments),
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
