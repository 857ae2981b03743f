/** When something was made, as BuildKit writes it: RFC 3339, or nothing where it knew nothing. */

/** What Go's time.Time reads. One that it does not would cost a whole import. */
export const isCreatedAt = (text: string): boolean => {
	if (!timePattern.test(text)) return false;
	const day = Number(text.slice(8, 10));
	// Date.parse takes the 30th of February for the 2nd of March.
	return day <= 28 || new Date(`${text.slice(0, 10)}T00:00:00Z`).getUTCDate() === day;
};

const timePattern =
	/^\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])T(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d(?:\.\d{1,9})?(?:Z|[+-](?:[01]\d|2[0-3]):[0-5]\d)$/;

/** Go's zero time, which says that there is none. */
export const zeroTime = '0001-01-01T00:00:00Z';

/** The older first, and first of all what has no date. Two ways to write one moment have an order too. */
export const compareCreatedAt = (a: string | undefined, b: string | undefined): number => {
	if (a === b) return 0;
	if (a === undefined || b === undefined) return a === undefined ? -1 : 1;
	return Date.parse(a) - Date.parse(b) || (a < b ? -1 : 1);
};
