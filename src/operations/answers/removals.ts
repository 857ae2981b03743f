/** What may go, and why: prune, retention, and deletions by name. */
import {z} from 'zod';
import type {Unchanging} from '../operation.ts';
import {amount, asOf, bytes, count, digest, duration, filters, repository, size, tag, time} from './values.ts';

/** One thing that is let go. Its bytes are deleted by the collector, after the grace and the quarantine. */
export const removal = z.object({
	repository,
	kind: z.enum(['tag', 'head', 'superseded', 'untagged']),
	tag: tag.optional(),
	digest: digest.optional(),
	reason: z.string(),
	rule: z.string().optional().describe('The rule of the policy that says so, with its line'),
	exclusiveBytes: bytes.describe('What nothing else keeps'),
});
export type RemovalRow = Unchanging<z.output<typeof removal>>;

export const removalInput = {
	dryRun: z.boolean().default(false).describe('Only show what would go'),
	plan: z.string().optional().describe('What a dry run answered as `plan`: if something else would go by now, nothing goes'),
};

export const removalAnswer = z.object({
	asOf,
	dryRun: z.boolean(),
	removals: z.array(removal),
	total: amount.describe('`bytes`: what the store will be smaller by'),
	/** Short, of all the removals: equal removals have an equal plan. */
	plan: z.string(),
	freeAfter: time.describe('When the bytes are free at the earliest: after the grace and the quarantine'),
	kept: z.array(z.object({repository, tag, because: z.string()})).describe('What matched, and stays'),
});
export type RemovalAnswer = Unchanging<z.output<typeof removalAnswer>>;

export const prune = {
	input: z.strictObject({
		...filters,
		olderThan: duration.optional().describe('Pushed longer ago than this, such as `30d`'),
		idle: duration.optional().describe('Not imported for so long; where nobody ever did, not pushed'),
		largerThan: size.optional().describe('Alone keeps more bytes than this, such as `5GB`'),
		keep: count.optional().describe('Whatever else holds, the newest so many of a repository stay'),
		...removalInput,
	}),
	output: removalAnswer,
};

const repo = filters.repo;

export const retentionPreview = {
	input: z.strictObject({repo}),
	output: removalAnswer.omit({dryRun: true}).extend({
		policy: z.string().optional().describe('The policy file; without one the defaults hold'),
		budgets: z
			.array(z.object({match: z.string(), size: bytes, bytes}))
			.describe('What each budget grants, and what its refs take once the removals are gone'),
		upcoming: z.array(removal.extend({at: time})).describe('What goes later if nothing is pushed or imported, soonest first'),
	}),
};

export const retentionApply = {input: z.strictObject({repo, ...removalInput}), output: removalAnswer};
