/** What the collector will do, does and did. */
import {z} from 'zod';
import type {Unchanging} from '../operation.ts';
import {removal} from './removals.ts';
import {amount, asOf, bytes, count, digest, filters, repository, size, tag, time} from './values.ts';

/** `deleted`: by the next cycle. `condemned`: the next cycle puts it into quarantine. `waiting`: it is there, or too young for it. */
const states = ['deleted', 'condemned', 'waiting'] as const;
const planned = z.object({
	repository,
	key: z.string(),
	bytes,
	reason: z.string(),
	state: z.enum(states),
	notBefore: time.describe('It is deleted no sooner than this, and not if something needs it again'),
});
export type PlannedRow = Unchanging<z.output<typeof planned>>;

const sizes = {
	bytes: bytes.describe('Of all objects'),
	blobs: count,
	manifests: count,
	tags: count,
	unreferencedBytes: bytes.describe('Of blobs and manifests that nothing keeps'),
	condemnedBytes: bytes.describe('Of these, what waits in quarantine'),
};

/** One cycle that has ended. */
const cycleReport = z.object({
	startedAt: time,
	endedAt: time,
	resumed: z.boolean().describe('It went on where another had not come to its end: the numbers are of the rest'),
	totals: z.object({...sizes, repositories: count}),
	did: z.object({condemned: amount, recondemned: amount, freed: amount, deleted: amount}),
	reasons: z.array(amount.extend({did: z.enum(['condemned', 'deleted']), reason: z.string()})),
	removed: z.array(removal).describe('What retention or a budget let go; a thousand at most'),
	removedCount: count,
	problems: z.array(z.string()).describe('What was left alone, and why'),
});
export type CycleReport = Unchanging<z.output<typeof cycleReport>>;

export const gcPreview = {
	input: z.strictObject({repo: filters.repo, limit: count.optional().describe('Name at most so many objects; the totals are of all')}),
	output: z.object({
		asOf,
		removals: z.array(removal).describe('What retention lets go in the same cycle'),
		objects: z.array(planned),
		total: z.object({deleted: amount, condemned: amount, waiting: amount}),
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
		earlier: z.array(cycleReport.omit({removed: true})).describe('The cycles before that, newest first; 20 at most'),
		nextAt: time.optional().describe('When the next cycle is due'),
	}),
};

/** `incomplete`: a manifest without its blobs. `dangling`: a tag that points nowhere. `stale`: a tombstone that should be gone. */
const problem = z.object({
	kind: z.enum(['damaged', 'unreadable', 'incomplete', 'dangling', 'stale']),
	repository,
	key: z.string(),
	digest: digest.optional(),
	tags: z.array(tag).optional(),
	problem: z.string(),
});

export const verify = {
	input: z.strictObject({
		repo: filters.repo,
		rate: size.prefault('50MB').describe('Read at most so many bytes a second, such as `100MB`'),
		restart: z.boolean().default(false).describe('Begin at the beginning, and not where the last one was left'),
	}),
	output: z.object({
		startedAt: time,
		endedAt: time.optional(),
		complete: z.boolean().describe('It came to the end; otherwise the next one goes on from here'),
		repositories: count,
		checked: amount.describe('Blobs and manifests whose bytes were read'),
		findings: z.array(problem).describe('The first thousand'),
		findingCount: count,
	}),
};
