/** Who did what, and whether that was allowed. */
import {z} from 'zod';
import type {Unchanging} from '../operation.ts';
import {asOf, count, digest, moment, refPattern, repository, tag, time} from './values.ts';

const names = z.string().min(1).max(257).optional();

const auditEntry = z.object({
	first: time,
	last: time,
	count: count.describe('So many equal events, from `first` to `last`'),
	what: z.string().describe('The kind of request, such as `manifest.put`; `token`, `signIn`, or `admin:` and an operation'),
	who: z.string().describe('The identity; `anonymous` where nobody has proven to be anybody'),
	from: z.string().describe('The address; `local` of a command on the store itself'),
	repository: repository.optional(),
	tag: tag.optional(),
	digest: digest.optional(),
	allowed: z.boolean(),
	why: z.string().describe('The rule that allowed it, or what is missing'),
	status: z.int().optional().describe('Of the answer'),
	input: z.string().optional().describe('What an operation was given'),
	claimed: z.string().optional().describe('The beginning of the name that somebody gave and could not prove'),
	requestId: z.string().describe('Of the first of these events, as the log of the server has it'),
});
export type AuditEntry = Unchanging<z.output<typeof auditEntry>>;

export const auditList = {
	input: z.strictObject({
		since: moment.prefault('1d').describe('Not before this: a time such as `2026-11-27T09:30Z`, or how long ago, such as `2h`'),
		until: moment.optional().describe('Not after this; likewise'),
		who: names.describe(
			'Only of this identity; one that ends with `*` means all that begin so, `!` before it all others: `oidc:github:*`, `!anonymous`',
		),
		what: names.describe('Only of this kind, likewise: `manifest.put`, `admin:*`'),
		on: refPattern.optional().describe('Only what was about refs of this pattern, or about their repositories, such as `ci/**:main`'),
		allowed: z.enum(['yes', 'no']).optional().describe('Only what was allowed, or only what was not'),
		limit: z.int().positive().max(1000).default(100).describe('So many lines at most'),
	}),
	output: z.object({
		asOf,
		entries: z.array(auditEntry).describe('Newest first'),
		reachedAt: time.optional().describe('There may be more: ask again with `until` this. Lines of the same seconds may come again'),
		unreadable: z.array(z.string()).describe('Keys of objects of the audit that somebody else has written or changed'),
	}),
};
