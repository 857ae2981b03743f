/** What the primary process and its workers say to each other. */
import type {AddressInfo} from 'node:net';
import type {Found} from './app.ts';
import type {MetricsReport} from './telemetry/metrics.ts';

export type ToPrimary =
	/** The first word of a worker, which then waits for `begin`. */
	| {kind: 'hello'}
	| {kind: 'serving'; address: AddressInfo; found: Found}
	/** Someone asks this worker for the metrics of all. */
	| {kind: 'gather'; question: number; report: MetricsReport}
	| {kind: 'report'; question: number; report: MetricsReport};

export type ToWorker =
	/** `found`: what another worker has found out about the store, so that it is not tried out again. */
	| {kind: 'begin'; worker: number; found?: Found}
	| {kind: 'report'; question: number}
	/** The answer to `gather`. */
	| {kind: 'gathered'; question: number; reports: MetricsReport[]}
	/** Reads the policy file again. */
	| {kind: 'reloadPolicy'}
	/** Requests under way may end; then the worker ends. */
	| {kind: 'drain'};
