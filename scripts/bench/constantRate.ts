/**
 * A load that does not wait for answers: so many requests a second whatever becomes of them. Each is timed from the
 * moment at which it was due, so that a server which stands still for a while is charged for all that would have come.
 */
import {setTimeout as delay} from 'node:timers/promises';
import {Pool} from 'undici';
import {quantile} from './statistics.ts';

export interface LoadOptions {
	readonly url: string;
	readonly paths: readonly string[];
	/** Sent with each request. */
	readonly headers?: Readonly<Record<string, string>>;
	readonly perSecond: number;
	readonly seconds: number;
	/** Requests beyond this many at once wait here, and the waiting counts. */
	readonly connections: number;
	readonly expectedStatus: number;
}

export interface Latencies {
	readonly p50Ms: number;
	readonly p99Ms: number;
	readonly worstMs: number;
	/** What was really offered: less if this process itself had no time. */
	readonly offeredPerSecond: number;
}

export const offerLoad = async (options: LoadOptions): Promise<Latencies> => {
	const {url, paths, headers, perSecond, seconds, connections, expectedStatus} = options;
	const pool = new Pool(url, {connections, pipelining: 1});
	const latencies: number[] = [];
	const problems = new Set<string>();

	const ask = async (path: string, dueAt: number) => {
		try {
			const {statusCode, body} = await pool.request({method: 'GET', path, headers});
			await body.dump();
			if (statusCode !== expectedStatus) problems.add(`status ${statusCode}`);
		} catch (error) {
			problems.add(error instanceof Error ? error.message : String(error));
		}
		latencies.push(performance.now() - dueAt);
	};

	const count = Math.floor(perSecond * seconds);
	const startedAt = performance.now();
	const underWay: Promise<void>[] = [];
	let lastSentAt = startedAt;
	while (underWay.length < count) {
		const due = Math.min(count, Math.floor(((performance.now() - startedAt) / 1000) * perSecond) + 1);
		for (let index = underWay.length; index < due; index++)
			underWay.push(ask(paths[index % paths.length] ?? '', startedAt + (index / perSecond) * 1000));
		lastSentAt = performance.now();
		await delay(1);
	}
	await Promise.all(underWay);
	await pool.close();
	if (problems.size > 0) throw new Error(`under load: ${[...problems].slice(0, 5).join('; ')}`);
	const sorted = Float64Array.from(latencies).sort();
	return {
		p50Ms: quantile(sorted, 0.5),
		p99Ms: quantile(sorted, 0.99),
		worstMs: quantile(sorted, 1),
		offeredPerSecond: count / ((lastSentAt - startedAt) / 1000),
	};
};
