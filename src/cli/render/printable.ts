/** Texts of others as a terminal may show them. Builders write what they like into a cache: lines of Dockerfiles above all. */

/** The same with a blank wherever something would move the cursor, recolour or rename the terminal, or turn the direction of a line. */
export const printable = <T>(value: T): T => {
	if (typeof value === 'string') return value.replace(unprintable, ' ') as T;
	if (Array.isArray(value)) return value.map(printable) as T;
	if (typeof value !== 'object' || value === null) return value;
	return Object.fromEntries(Object.entries(value).map(([name, part]) => [name, printable(part)])) as T;
};

/** The same for what has several lines. */
export const printableLines = (text: string): string => text.split('\n').map(printable).join('\n');

const unprintable = /[\p{Cc}\p{Zl}\p{Zp}\p{Bidi_Control}]/gu;
