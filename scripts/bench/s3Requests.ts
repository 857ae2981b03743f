/** How many requests MinIO itself has answered, by what they asked for. */
import {setTimeout as delay} from 'node:timers/promises';
import {HeadObjectCommand, ListObjectsV2Command, PutObjectCommand} from '@aws-sdk/client-s3';
import type {S3Server} from '../../test/e2e/harness/s3Server.ts';

export type RequestCounts = ReadonlyMap<string, number>;

/** Version 3 of MinIO's metrics is computed when it is asked for; version 2 may be ten seconds old. */
const metricsPath = '/minio/metrics/v3/api/requests';

/** Reads until nothing is under way and two readings agree: a request is counted after its answer was sent. */
export const countRequests = async (minio: S3Server): Promise<RequestCounts> => {
	let last = await readCounts(minio);
	for (let attempt = 0; attempt < 500; attempt++) {
		await delay(20);
		const next = await readCounts(minio);
		if (next.inFlight === 0 && last.inFlight === 0 && total(next.counts) === total(last.counts)) return next.counts;
		last = next;
	}
	throw new Error('MinIO is never idle: its requests cannot be counted');
};

/** Waits until nobody has asked for anything for a while: a server that has just started goes on by itself. */
export const untilQuiet = async (count: () => Promise<number>): Promise<void> => {
	let last = await count();
	for (let waited = 0; waited < longestWaitMs; waited += quietMs) {
		await delay(quietMs);
		const next = await count();
		if (next === last) return;
		last = next;
	}
	throw new Error(`there were requests all the time, for ${longestWaitMs} ms`);
};

const quietMs = 300;
const longestWaitMs = 15_000;

export const difference = (after: RequestCounts, before: RequestCounts): RequestCounts =>
	new Map([...after].map(([api, count]) => [api, count - (before.get(api) ?? 0)] as const).filter(([, count]) => count > 0));

export const total = (counts: RequestCounts): number => [...counts.values()].reduce((sum, count) => sum + count, 0);

export const formatCounts = (counts: RequestCounts): string =>
	[...counts]
		.sort(([, a], [, b]) => b - a)
		.map(([api, count]) => `${count} ${api}`)
		.join(', ');

/** A known number of known requests, so that a count which is off ends the benchmark before it says anything. */
export const checkCounting = async (minio: S3Server): Promise<void> => {
	const client = minio.client();
	const bucket = await minio.createBucket();
	const before = await countRequests(minio);
	const keys = ['a', 'b', 'c', 'd', 'e', 'f', 'g'];
	await Promise.all(keys.map(key => client.send(new PutObjectCommand({Bucket: bucket, Key: key, Body: key}))));
	for (const key of keys.slice(0, 5)) await client.send(new HeadObjectCommand({Bucket: bucket, Key: key}));
	await client.send(new HeadObjectCommand({Bucket: bucket, Key: 'absent'})).catch(() => undefined);
	for (let page = 0; page < 3; page++) await client.send(new ListObjectsV2Command({Bucket: bucket}));
	const counts = difference(await countRequests(minio), before);
	const asked = {PutObject: 7, HeadObject: 6, ListObjectsV2: 3};
	const isExact = total(counts) === 16 && Object.entries(asked).every(([api, count]) => counts.get(api) === count);
	if (!isExact) throw new Error(`MinIO counted ${formatCounts(counts)} where ${JSON.stringify(asked)} was asked`);
};

const readCounts = async (minio: S3Server) => {
	const answer = await fetch(`${minio.endpoint}${metricsPath}`);
	const text = await answer.text();
	if (!answer.ok) throw new Error(`MinIO's metrics: ${answer.status}`);
	const counts = new Map<string, number>();
	let inFlight = 0;
	for (const [, name, labels = '', value] of text.matchAll(/^minio_api_requests_(total|inflight_total)\{(.*)\} (\S+)$/gm)) {
		const api = /\bname="([^"]+)"/.exec(labels)?.[1] ?? '';
		if (name === 'total') counts.set(api, Number(value));
		else inFlight += Number(value);
	}
	return {counts, inFlight};
};
