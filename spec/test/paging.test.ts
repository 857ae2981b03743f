/** paging.ts against the distribution-spec's "Listing Tags". */
import test from 'ava';
import fc from 'fast-check';
import {formatLink, type Page, parsePage} from '../src/index.ts';
import {refused} from './refused.ts';

const pages: readonly (readonly [query: string, page: Page])[] = [
	['', {}],
	['n=10', {n: 10}],
	// "When `n` is zero, this endpoint MUST return an empty list"
	['n=0', {n: 0}],
	['n=010', {n: 10}],
	// "When using the `last` query parameter, the `n` parameter is OPTIONAL."
	['last=v1', {last: 'v1'}],
	['n=3&last=v1', {n: 3, last: 'v1'}],
	['last=', {}],
	['n=99999999999999999999', {n: Number.MAX_SAFE_INTEGER}],
	['n=1&n=x', {n: 1}],
	['ns=docker.io', {}],
];
for (const [query, page] of pages) test(`?${query}`, t => t.deepEqual(parsePage(new URLSearchParams(query)), page));

for (const n of ['', '-1', '1.5', '1e3', 'ten', '0x10', '+1', ' 1', '٣', 'NaN', 'Infinity']) {
	test(`n refused: ${JSON.stringify(n)}`, t => {
		refused(t, () => parsePage(new URLSearchParams({n})), {code: 'PAGINATION_NUMBER_INVALID', status: 400});
	});
}

test('a Link leads to the next page', t => {
	t.is(formatLink('/v2/team/app/tags/list', {n: '2', last: 'v1'}), '</v2/team/app/tags/list?n=2&last=v1>; rel="next"');
});

test('a Link read back is the page it was made of', t => {
	t.notThrows(() =>
		fc.assert(
			fc.property(fc.nat(), fc.string({minLength: 1}), (n, last) => {
				const link = formatLink('/v2/a/tags/list', {n: String(n), last: last.toWellFormed()});
				const url = new URL(link.slice(1, link.indexOf('>')), 'http://registry');
				t.deepEqual(parsePage(url.searchParams), {n, last: last.toWellFormed()});
			}),
		),
	);
});
