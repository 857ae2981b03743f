/** Paging of lists: the `n` and `last` of a request and the `Link` of its answer (distribution-spec, "Listing Tags"). */
import {OciError} from './errors.ts';
import {excerpt} from './excerpts.ts';

/** At most `n` entries (0 is allowed and means none), all after `last` in ASCII order. `last` is as the client wrote it: compare with it, look nothing up. */
export type Page = {n?: number; last?: string};

/** The page that a query asks for. Throws PAGINATION_NUMBER_INVALID when `n` is not a decimal number. */
export const parsePage = (query: URLSearchParams): Page => {
	const n = query.get('n');
	const last = query.get('last');
	return {...(n !== null && {n: parseCount(n)}), ...(last && {last})};
};

/** The `Link` header that leads to the next page (RFC 8288): `</v2/…?n=…&last=…>; rel="next"`. */
export const formatLink = (path: string, query: Readonly<Record<string, string>>): string =>
	`<${path}?${new URLSearchParams(query)}>; rel="next"`;

const parseCount = (text: string): number => {
	if (/^\d+$/.test(text)) return Math.min(Number(text), Number.MAX_SAFE_INTEGER);
	throw new OciError('PAGINATION_NUMBER_INVALID', {n: excerpt(text)});
};
