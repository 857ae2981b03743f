import test from 'ava';
import {dueOf, formatBytes, formatMany, formatPercent, formatSeconds, formatSpan, growthOf, momentOf} from '../../src/ui/format.ts';
import {formatHtml} from '../../src/ui/html.ts';
import {paths} from '../../src/ui/paths.ts';
import {roundAbove} from '../../src/ui/plots/scale.ts';

const KiB = 1024;

test('bytes have three digits and a unit, also where a unit ends', t => {
	const shown = [0, 1, 1023, KiB, 10 * KiB, 100 * KiB, 999.4 * KiB, 999.6 * KiB, KiB ** 2, 2.345 * KiB ** 3, 5 * KiB ** 4].map(formatBytes);
	t.deepEqual(shown, [
		'0 B',
		'1 B',
		'1023 B',
		'1.00 KiB',
		'10.0 KiB',
		'100 KiB',
		'999 KiB',
		'0.98 MiB',
		'1.00 MiB',
		'2.35 GiB',
		'5.00 TiB',
	]);
});

test('what has grown and what has shrunk have their signs', t => {
	t.regex(formatHtml(growthOf(2 * KiB)), />\+2\.00 /);
	t.regex(formatHtml(growthOf(-2 * KiB)), />−2\.00 /);
});

test('a rate is rounded neither up to all nor down to nothing', t => {
	t.deepEqual([0, 0.00001, 0.5, 0.8937, 0.99999, 1].map(formatPercent), ['0', '0.1', '50', '89.4', '99.9', '100']);
});

test('moments are told by their distance, and keep their time', t => {
	const now = new Date('2026-11-27T12:00:00Z');
	const shown = (iso: string) => formatHtml(momentOf(iso, now)).replace(/<[^>]+>/g, '');
	t.is(shown('2026-11-27T11:59:40Z'), 'just now');
	t.is(shown('2026-11-27T11:15:00Z'), '45 minutes ago');
	t.is(shown('2026-11-26T00:00:00Z'), '36 hours ago');
	t.is(shown('2026-12-04T12:00:00Z'), 'in 7 days');
	t.is(shown('2026-08-01T12:00:00Z'), '3 months ago');
	t.is(shown('2023-11-01T12:00:00Z'), '3 years ago');
	t.regex(formatHtml(momentOf('2026-11-27T11:15:00Z', now)), /title="2026-11-27 11:15 UTC"/);
});

test('what should have happened by now is due', t => {
	const now = new Date('2026-11-27T12:00:00Z');
	t.regex(formatHtml(dueOf('2026-11-27T11:00:00Z', now)), />due</);
	t.regex(formatHtml(dueOf('2026-11-27T13:30:00Z', now)), />in 90 minutes</);
});

test('times and spans have the units that matter', t => {
	t.deepEqual([0.02, 4, 75, 3600, 90_061].map(formatSeconds), ['20 ms', '4 s', '1 min 15 s', '1 h', '1 d 1 h']);
	t.deepEqual([3600, 5400, 259_200, 1].map(formatSpan), ['1 hour', '90 minutes', '3 days', '1 second']);
	t.is(formatMany(1, 'push', 'pushes'), '1 push');
	t.is(formatMany(1200, 'push', 'pushes'), '1,200 pushes');
});

test('an axis ends at a round number above what it shows', t => {
	t.is(roundAbove(0, 'count'), 1);
	t.is(roundAbove(432, 'count'), 500);
	t.is(roundAbove(143 * KiB ** 3, 'bytes'), 160 * KiB ** 3);
});

test('names and tags are escaped in paths', t => {
	t.is(paths.ref('ci/a b', 'x?y#z'), '/ui/refs/ci/a%20b:x%3Fy%23z');
});
