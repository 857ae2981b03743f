/** What the collector will do, does and did. */
import {z} from 'zod';
import {removal} from './removals.ts';
import {amount, asOf, bytes, count, digest, filters, repository, time} from './values.ts';

/**
 * What happens to one object. `delete`: now; `condemn`: now, and deleted a quarantine later; `later`: it is condemned, and its
 * quarantine is not over; `rescue`: it is needed again, and condemned no longer.
 */
const fate = z.object({
	key: z.string(),
	repository,
	bytes,
	step: z.enum(['delete', 'condemn', 'later', 'rescue']),
	reason: z.string(),
	deletedAt: time.optional().describe('At the earliest'),
});
export type Fate = z.output<typeof fate>;

const counts = z.object({deleted: amount, condemned: amount, rescued: count, removals: count});

/** One cycle that has ended. */
export const cycleReport = z.object({
	startedAt: time,
	endedAt: time,
	repositories: count,
	tags: count,
	manifests: count,
	blobs: count,
	bytes: bytes.describe('Of all objects, when the cycle began'),
	did: counts,
	problems: z.array(z.string()).describe('What could not be read, and was left alone'),
});
export type CycleReport = z.output<typeof cycleReport>;

export const gcPreview = {
	input: z.strictObject({repo: filters.repo, limit: count.optional().describe('Name at most so many objects; the totals are of all')}),
	output: z.object({
		asOf,
		removals: z.array(removal).describe('What retention lets go in the same cycle'),
		objects: z.array(fate),
		total: z.object({delete: amount, condemn: amount, later: amount, rescue: amount}),
	}),
};

export const gcRun = {
	input: z.strictObject({dryRun: z.boolean().default(false).describe('Only show what would go')}),
	output: z.object({dryRun: z.boolean(), preview: gcPreview.output.optional(), report: cycleReport.optional()}),
};

export const gcStatus = {
	input: z.strictObject({}),
	output: z.object({
		/** Whether servers with these settings collect by themselves. */
		everySeconds: count.optional().describe('How often a cycle begins; missing where LAYERCACHE_GC_EVERY is `never`'),
		graceSeconds: count,
		quarantineSeconds: count,
		lease: z.object({holder: z.string(), renewedAt: time, expired: z.boolean()}).optional(),
		running: z.object({startedAt: time, repository: repository.optional(), repositories: count}).optional(),
		last: cycleReport.optional(),
		condemned: amount.describe('What waits for its quarantine, when the last cycle ended'),
		nextAt: time.optional().describe('When the next cycle is due'),
	}),
};

export const verify = {
	input: z.strictObject({
		repo: filters.repo,
		rate: z.string().default('50MB').describe('Reads at most so many bytes a second, such as `50MB`'),
		restart: z.boolean().default(false).describe('From the beginning, not from where the last one was left'),
	}),
	output: z.object({
		startedAt: time,
		endedAt: time,
		complete: z.boolean().describe('It came to the end; otherwise the next one goes on from here'),
		repositories: count,
		checked: amount,
		damaged: z.array(z.object({repository, digest, key: z.string(), bytes, found: z.string()})),
	}),
};
