/** The kinds of values that a policy has. Their messages follow the place of a value, and say what it must be. */
import {z} from 'zod';
import {PatternInvalid} from './patternTokens.ts';
import {parseBytes, parseDurationMs} from './units.ts';

/** A text that `parse` takes; its PatternInvalid is the problem. */
export const parsed = <T>(parse: (text: string) => T) =>
	z.string('must be a text; put it in quotes').transform((text, context): T => {
		try {
			return parse(text);
		} catch (error) {
			if (!(error instanceof PatternInvalid)) throw error;
			context.issues.push({code: 'custom', message: error.message, input: text});
			return z.NEVER;
		}
	});

const measured = (parse: (text: string) => number | undefined, expected: string) =>
	parsed(text => {
		const amount = parse(text);
		if (amount === undefined || amount === 0) throw new PatternInvalid(`must be ${expected}`);
		return amount;
	});

export const duration = measured(parseDurationMs, 'a duration such as 12h, 7d or 2w');
export const size = measured(parseBytes, 'a size such as 500MB, 20GB or 64GiB');
export const several = <T extends z.ZodType>(entry: T) => z.array(entry, 'must be a list').max(100, 'has more than 100 entries');
/** A list, or its only entry; what is wrong with that one is told of its place, and of no list. */
export const oneOrSeveral = <T extends z.ZodType>(entry: T) => {
	const list = several(entry).min(1, 'must not be empty');
	return z.unknown().transform((value, context): z.output<T>[] => {
		const isAlone = value !== undefined && !Array.isArray(value);
		const {data, error} = list.safeParse(isAlone ? [value] : value);
		for (const issue of error?.issues ?? [])
			context.issues.push({...issue, path: isAlone ? issue.path.slice(1) : issue.path, input: value} as z.core.$ZodRawIssue);
		return data ?? z.NEVER;
	});
};
export const amount = (least: number, most: number) =>
	z.int('must be a whole number').min(least, `must be at least ${least}`).max(most, `must be at most ${most}`);
export const yesOrNo = z.boolean('must be true or false');
