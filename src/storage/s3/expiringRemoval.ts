/** A removal that S3 itself refuses once it is late: a copy of the request that was stuck somewhere cannot remove what was stored since. */
import {setTimeout as delay} from 'node:timers/promises';
import {growingPauseMs} from '../../lib/backOff.ts';
import type {S3} from './client.ts';
import {explain, type S3Failure} from './s3Failure.ts';
import {signedRequest} from './signedRequest.ts';
import type {SignedUrls} from './signedUrls.ts';
import {textOf} from './xml.ts';

export const removeUntil = async (s3: S3, urls: SignedUrls, key: string, until: Date): Promise<void> => {
	const {firstWaitSeconds, patienceSeconds} = s3.tuning;
	const url = await urls.forRemoval(key, until);
	const startedAt = performance.now();
	for (let attempt = 1; ; attempt += 1) {
		const failure = await requestRemoval(s3, url);
		if (!failure) return;
		const isPassing = failure.status === undefined || failure.status >= 500;
		if (!isPassing || performance.now() - startedAt > patienceSeconds * 1000) throw failure;
		await delay(growingPauseMs(attempt, {firstSeconds: firstWaitSeconds, longestSeconds: longestWaitSeconds}, Math.random()));
	}
};

const longestWaitSeconds = 1;

/** Undefined: S3 has removed it, or was asked too late. */
const requestRemoval = async (s3: S3, url: string): Promise<S3Failure | undefined> => {
	try {
		const {status, body} = await signedRequest(s3, 'DELETE', url);
		const message = textOf(body, 'Message');
		if (status < 300 || status === 404 || isLate(status, message)) return undefined;
		return explain(refusal(status, textOf(body, 'Code'), message), 'DeleteObject', s3.settings);
	} catch (error) {
		return explain(error, 'DeleteObject', s3.settings);
	}
};

const isLate = (status: number, message: string) => (status === 403 || status === 400) && /expired/i.test(message);

const refusal = (status: number, code: string, message: string) =>
	Object.assign(new Error(message), {name: code || String(status), $metadata: {httpStatusCode: status}});
