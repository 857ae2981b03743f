/** What a cycle of the collector along a large bucket costs, and what is left to do of one that was killed. */
import {setTimeout as delay} from 'node:timers/promises';
import {createScope} from '../../../test/e2e/harness/scope.ts';
import type {BucketShape} from '../bigBucket/contents.ts';
import {startBigBucket} from '../bigBucket/start.ts';
import {startCollectingServer} from '../collectingServer.ts';
import type {BenchOptions, Scenario} from '../scenario.ts';
import type {Trial} from '../trials.ts';

export const collectingScenario: Scenario = {
	title: 'Collecting',
	method: [
		'A server that has nothing to do but what it does once an hour: it walks along everything, marks, condemns and deletes. The',
		'large buckets are the double of "Growth", with 10,000 manifests of 99 layers, all of them tagged; the first cycle of a',
		'process has to read each document, the next one remembers them. "Needed" are the pages of one listing and a GET for each',
		'document that was not seen before; what a server asks at its start counts with the first. Resident at most: VmHWM of the',
		'server since its start. Killed: a server that is ended with -9, and what the next one still does.',
	].join('\n'),
	figures: {
		seconds: {title: 's', digits: 1},
		peakMiB: {title: 'resident at most, MiB', digits: 0},
		requests: {title: 'S3 requests', digits: 0},
		perNeeded: {title: 'of what is needed', digits: 3},
		repositories: {title: 'repositories', digits: 0},
	},
	ratios: [],
	run: options => largeBuckets(options),
};

const shapes = ({isQuick}: BenchOptions): Readonly<Record<string, BucketShape>> => {
	const part = isQuick ? 0.1 : 1;
	return {
		'1,000,000 blobs in one repository': {repositories: 1, blobs: 1_000_000 * part, refs: 10_000 * part, layers: 99},
		'1,000,000 blobs in 100 repositories': {repositories: 100, blobs: 10_000 * part, refs: 100 * part, layers: 99},
		'1,000,000 blobs in 1,000 repositories': {repositories: 1000, blobs: 1000 * part, refs: 10 * part, layers: 99},
	};
};

const largeBuckets = async (options: BenchOptions): Promise<Trial[]> => {
	const trials: Trial[] = [];
	for (const [name, shape] of Object.entries(shapes(options))) {
		const scope = createScope();
		try {
			const store = await startBigBucket(scope, shape);
			const tell = (cycle: string, figures: Trial['figures']) => {
				trials.push({case: name, subject: cycle, round: 1, figures});
				options.report(`${name} | ${cycle} | ${JSON.stringify(figures)}`);
			};
			const {repositories, blobs, refs} = shape;
			const pages = Math.ceil((repositories * (blobs + 2 * refs)) / 1000);
			const server = await startCollectingServer(scope, store);
			const first = await server.nextCycle();
			const next = await server.nextCycle();
			for (const {cycle, seconds, peakMiB, requests, needed} of [
				{cycle: 'first cycle', ...first, needed: pages + repositories * 2 * refs},
				{cycle: 'next cycle', ...next, needed: pages},
			])
				tell(cycle, {seconds, peakMiB, requests, perNeeded: requests / needed});
			await server.stop();
			// What was killed goes on behind the last repository that was done.
			if (repositories === 1) continue;
			const killed = await startCollectingServer(scope, store);
			// It begins within five seconds of its start.
			await delay(5000 + (first.seconds * 1000) / 2);
			await killed.kill9();
			// Whoever was killed holds the lease until it expires, in a minute and a half.
			const rest = await (await startCollectingServer(scope, store)).nextCycle();
			const {seconds, peakMiB, requests} = rest;
			tell(rest.resumed ? 'after kill -9 half-way' : 'killed, and begun anew', {
				seconds,
				peakMiB,
				requests,
				repositories: rest.repositories,
			});
		} finally {
			await scope.end();
		}
	}
	return trials;
};
