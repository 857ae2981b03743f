/** What the operations on the queue to the upstreams take and answer. */
import {z} from 'zod';
import type {Unchanging} from '../operation.ts';
import {asOf, count, digest, filters, repository, tag, time} from './values.ts';

const handOver = z.object({
	repository,
	tag: tag.optional().describe('Missing where it goes by its digest alone'),
	digest,
	queuedAt: time.describe('When it was acknowledged'),
	attempts: count,
	error: z.string().optional().describe('What the last attempt ended with'),
	notBefore: time.optional().describe('When it is tried again'),
	holder: z.string().optional().describe('Who hands it over just now'),
});
export type HandOverRow = Unchanging<z.output<typeof handOver>>;

export const handOversList = {
	input: z.strictObject({
		...filters,
		limit: z.int().positive().max(10_000).default(100).describe('So many at most'),
	}),
	output: z.object({
		asOf,
		handovers: z.array(handOver).describe('Those that have waited longest first'),
		total: count.describe('Of all that match, however many are listed'),
		failing: count.describe('Of these, those whose last attempt failed'),
	}),
};

export const handOversRetry = {
	input: z.strictObject(filters),
	output: z.object({hastened: count.describe('So many waited for their next attempt, and wait no longer')}),
};

export const handOversDrop = {
	input: z.strictObject({
		ref: z
			.string()
			.regex(
				/^[^:@]+(?::[^:@]+|@[^@]+)$/,
				'must be a repository and a tag, or a repository and a digest, such as ci/app:main or ci/app@sha256:…',
			)
			.describe('A repository and a tag, such as `ci/app:main`, or a repository and a digest after `@`'),
	}),
	output: z.object({ref: z.string(), dropped: count}),
};
