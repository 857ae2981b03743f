/** The kinds of values that operations take and answer, each with the sentence that the docs have of it. */
import picomatch from 'picomatch';
import {z} from 'zod';
import {PatternInvalid} from '../../config/patternTokens.ts';
import {parseRefPattern} from '../../config/refPattern.ts';
import {parseBytes, parseDurationMs} from '../../config/units.ts';

// What is answered.
export const bytes = z.int().nonnegative();
export const count = z.int().nonnegative();
/** ISO 8601, by the store's clock. */
export const time = z.iso.datetime();
/** `2026-11-27`, UTC. */
export const day = z.iso.date();
export const repository = z.string();
export const tag = z.string();
export const digest = z.string();

/** `asOf`: the answer is of what the store had then. */
export const asOf = time.describe('When the store was looked at');

/** How many, and how many bytes they have. */
export const amount = z.object({count, bytes});

// What is asked.
/** A text such as `7d` becomes milliseconds. */
export const duration = z.string().transform((text, context) => {
	const ms = parseDurationMs(text);
	if (ms !== undefined) return ms;
	context.issues.push({code: 'custom', message: 'must be a duration such as 12h, 7d or 2w', input: text});
	return z.NEVER;
});

/** A time, or how long ago something was, becomes milliseconds since 1970, by the time that is now. */
export const moment = z.string().transform((text, context): ((now: number) => number) => {
	const ago = parseDurationMs(text);
	if (ago !== undefined) return now => now - ago;
	const at = /^\d{4}-\d\d-\d\d(T[\d:.]+(Z|[+-]\d\d:\d\d))?$/.test(text) ? Date.parse(text) : Number.NaN;
	if (!Number.isNaN(at)) return () => at;
	context.issues.push({code: 'custom', message: 'must be a time such as 2026-11-27T09:30Z, a day, or a duration such as 2h', input: text});
	return z.NEVER;
});

/** A text such as `500MB` becomes bytes. */
export const size = z.string().transform((text, context) => {
	const amount = parseBytes(text);
	if (amount !== undefined) return amount;
	context.issues.push({code: 'custom', message: 'must be a size such as 500MB, 20GB or 64GiB', input: text});
	return z.NEVER;
});

/** A glob becomes a question, which knows its text. */
export const glob = z
	.string()
	.min(1)
	.max(512)
	.transform((pattern, context) => {
		try {
			return Object.assign(picomatch(pattern), {pattern});
		} catch {
			context.issues.push({code: 'custom', message: 'is no glob', input: pattern});
			return z.NEVER;
		}
	});

/** A pattern of refs as the policy has them. */
export const refPattern = z
	.string()
	.max(512)
	.transform((text, context) => {
		try {
			return parseRefPattern(text);
		} catch (error) {
			if (!(error instanceof PatternInvalid)) throw error;
			context.issues.push({code: 'custom', message: error.message, input: text});
			return z.NEVER;
		}
	});

/** `ci/app:main`. */
export const ref = z.string().regex(/^[^:]+:[^:]+$/, 'must be a repository and a tag, such as ci/app:main');

const repositoryFilter = glob.optional().describe('Only repositories that this glob matches, such as `ci/**`');
const tagFilter = glob.optional().describe('Only tags that this glob matches, such as `pr-*`');

/** Narrows what is looked at. */
export const filters = {repo: repositoryFilter, tag: tagFilter};
