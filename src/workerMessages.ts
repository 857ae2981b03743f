/** What the primary process and its workers say to each other. */
import type {AddressInfo} from 'node:net';
import type {Found} from './app.ts';
import type {MetricsReport} from './telemetry/metrics.ts';

export type ToPrimary =
	/** The first word of a worker, which then waits for `begin`. */
	| {kind: 'hello'}
	| {kind: 'serving'; address: AddressInfo; found: Found}
	/** The text of the policy that this worker has loaded. */
	| {kind: 'policyLoaded'; text: string}
	/** Someone asks this worker for the metrics of all. */
	| {kind: 'gather'; question: number; report: MetricsReport}
	| {kind: 'report'; question: number; report: MetricsReport};

export type ToWorker =
	/** `found`: what another worker has found out about the store, so that it is not tried out again. `policy`: the text that one has loaded. */
	| {kind: 'begin'; worker: number; found?: Found; policy?: string}
	| {kind: 'report'; question: number}
	/** The answer to `gather`. */
	| {kind: 'gathered'; question: number; reports: MetricsReport[]}
	/** Reads the policy file again. */
	| {kind: 'reloadPolicy'}
	/** Requests under way may end; then the worker ends. */
	| {kind: 'drain'};
