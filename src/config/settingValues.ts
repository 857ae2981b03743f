/** The kinds of values that settings have. Their messages follow the name of a setting, and never repeat the value. */
import {z} from 'zod';
import {isAddressRange} from '../lib/addressRanges.ts';
import {parseBytes, parseDurationMs} from './units.ts';

export const wholeNumber = (min: number, max: number) =>
	z
		.string()
		.regex(/^\d{1,15}$/, 'must be a whole number')
		.transform(Number)
		.pipe(z.number().min(min, `must be at least ${min}`).max(max, `must be at most ${max}`));
/** Milliseconds. */
export const duration = (least: string) =>
	z.string().transform((text, context) => {
		const ms = parseDurationMs(text);
		if (ms !== undefined && ms >= (parseDurationMs(least) ?? 0)) return ms;
		context.addIssue(ms === undefined ? 'must be a duration such as 90s, 30m, 6h or 3d' : `must be at least ${least}`);
		return z.NEVER;
	});
/** Bytes; `0` needs no unit. */
export const byteSize = z.string().transform((text, context) => {
	const bytes = text === '0' ? 0 : parseBytes(text);
	if (bytes !== undefined) return bytes;
	context.addIssue('must be a size such as 500MB, 200GB or 1TiB');
	return z.NEVER;
});
export const flag = z.enum(['true', 'false'], 'must be true or false').transform(text => text === 'true');
/** Several, with commas between them. */
export const addressRanges = z
	.string()
	.transform(text =>
		text
			.split(',')
			.map(part => part.trim())
			.filter(part => part !== ''),
	)
	.pipe(z.array(z.string().refine(isAddressRange, 'must be an IP address or a CIDR range such as 10.0.0.0/8')));
export const webUrl = z.url({protocol: /^https?$/, error: 'must be an http:// or https:// URL'}).transform(text => new URL(text));
/** What clients see of us: an origin, since the paths of a registry cannot be moved. */
export const originUrl = webUrl.refine(
	url => url.href === `${url.origin}/`,
	'must be scheme, host and port alone, such as https://cache.example.com',
);
export const choice = <const T extends readonly [string, ...string[]]>(names: T) => z.enum(names, `must be one of ${names.join(', ')}`);

/** What fits into a header, and is too long to be guessed. */
export const secret = (length: number) =>
	z
		.string()
		.regex(/^[\x21-\x7e]+$/, 'must be printable ASCII without blanks')
		.min(length, `must have at least ${length} characters`);

/** The same, several with commas between them: the text as it is. */
export const severalSecrets = (length: number) =>
	z.string().refine(text => text.split(',').every(part => secret(length).safeParse(part.trim()).success), {
		error: `must be of printable ASCII without blanks, and have at least ${length} characters between commas`,
	});
