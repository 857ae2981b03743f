/** How a registry is put in front of others: what is read from them, what goes through to them, and what waits to be handed over. */
import {setTimeout as delay} from 'node:timers/promises';
import type {Policy} from './config/policy.ts';
import type {Settings} from './config/settings.ts';
import type {Registry} from './registry/registry.ts';
import type {ObjectStore} from './storage/objectStore.ts';
import type {Log} from './telemetry/log.ts';
import type {Metrics} from './telemetry/metrics.ts';
import {createGlance} from './upstream/glances.ts';
import {startHandingOver} from './upstream/handingOver.ts';
import {createHandOver} from './upstream/handOver.ts';
import {createHandOverTask, upstreamOfTask} from './upstream/handOverTask.ts';
import {createQueue} from './upstream/queue.ts';
import {createRouting} from './upstream/routing.ts';
import {withUpstreamReads} from './upstream/withUpstreamReads.ts';
import {withWriteThrough} from './upstream/withWriteThrough.ts';
import {createUpstreams, type OpenUpstream} from './upstreams.ts';

export type ComposeUpstreamsOptions = {
	settings: Settings;
	/** The policy that is in force now. */
	policy: () => Policy;
	openUpstream: OpenUpstream;
	/** Who this is, for people. */
	holder: string;
	/** Whether this process looks by itself for what waits; of those that serve one port, one does. */
	looks: boolean;
	/** Milliseconds since some moment, never going back. */
	elapsed: () => number;
	/** From 0 to 1, spreads what replicas do in the background. */
	random: () => number;
	log: Log;
	metrics: Metrics;
};

export type ComposedUpstreams = {registry: Registry; close(): Promise<void>};

/** `owned`: what is kept in `store`, as clients are answered. */
export const composeUpstreams = (store: ObjectStore, owned: Registry, options: ComposeUpstreamsOptions): ComposedUpstreams => {
	const {settings, policy, openUpstream, holder, looks, elapsed, random, log, metrics} = options;
	const queue = createQueue(store, {holder});
	const upstreams = createUpstreams(openUpstream);
	const routing = createRouting(policy, upstreams.registryOf);
	const handOver = createHandOver(owned);
	const handingOver = startHandingOver({
		queue,
		work: createHandOverTask({from: owned, routing, handOver, queue}),
		upstreamOf: task => upstreamOfTask(routing, task),
		everyMs: looks ? looksEveryMs : undefined,
		isNeeded: () => policy().routes.length > 0,
		...{elapsed, random},
		observer: {
			handedOver({repo, tag, digest, queuedAt, attempts}, {to, seconds}) {
				log.info({repo, tag, digest, upstream: to, queuedAt, attempts, seconds}, to ? 'handed over' : 'nothing left to hand over');
				metrics.recordHandOver(to ? 'done' : 'dropped');
			},
			failed({repo, tag, digest, queuedAt, attempts}, {error, againInMs}) {
				log.warn({repo, tag, digest, queuedAt, attempts, error, againInMs}, 'not handed over; it waits, and is tried again');
				metrics.recordHandOver('failed');
			},
			// One process tells of what all have put there.
			looked: looks ? metrics.setHandOvers : () => undefined,
			lookFailed: error => log.warn({error}, 'the queue to the upstreams cannot be read'),
		},
	});
	const writing = withWriteThrough(owned, {
		routing,
		handOver,
		async enqueue(repo, digest, tags) {
			await queue.add(repo, digest, tags);
			handingOver.wake();
		},
	});
	const registry = withUpstreamReads(writing, {
		routing,
		isWaiting: queue.has,
		glance: createGlance(elapsed, ms => delay(ms, undefined, {ref: false})),
		redirects: settings.redirectDownloads !== 'never',
		onPassedOver: facts => log.warn(facts, 'upstream passed over'),
	});
	return {
		registry,
		async close() {
			handingOver.stop();
			await upstreams.close();
			await handingOver.idle();
		},
	};
};

// Others wake this process for what is pushed to them no sooner, and what failed waits for longer.
const looksEveryMs = 10_000;
