/** What the primary process and its workers say to each other. */
import type {AddressInfo} from 'node:net';
import type {Found} from './app.ts';
import type {LastGood, SharedFileName} from './sharedFiles.ts';
import type {MetricsReport} from './telemetry/metrics.ts';

export type ToPrimary =
	/** The first word of a worker, which then waits for `begin`. */
	| {kind: 'hello'}
	| {kind: 'serving'; address: AddressInfo; found: Found}
	/** What this worker has loaded. */
	| {kind: 'fileLoaded'; name: SharedFileName; texts: readonly string[]}
	/** Someone asks this worker for the metrics of all. */
	| {kind: 'gather'; question: number; report: MetricsReport}
	| {kind: 'report'; question: number; report: MetricsReport};

export type ToWorker =
	/** `found`: what another worker has found out about the store, so that it is not tried out again. `lastGood`: what one has loaded of the files. `drawnKey`: what signs tokens where the settings have no key. */
	| {kind: 'begin'; worker: number; found?: Found; lastGood: LastGood; drawnKey: string}
	| {kind: 'report'; question: number}
	/** The answer to `gather`. */
	| {kind: 'gathered'; question: number; reports: MetricsReport[]}
	/** Reads its files again. */
	| {kind: 'reload'}
	/** Requests under way may end; then the worker ends. */
	| {kind: 'drain'};
