/** What the benchmark reads from the programs that it runs. */
import test from 'ava';
import {parseNanoseconds, parseProgress, secondsOf, sendingCache, spanOver} from '../../scripts/bench/rawProgress.ts';
import {parseWrk} from '../../scripts/bench/wrk.ts';

const started = '2026-11-22T22:28:50.344151285Z';

test('a step of a build is known by its name and timed to the nanosecond', t => {
	const output = [
		'time="2026-11-22T22:28:49Z" level=warning msg="not a line of progress"',
		JSON.stringify({vertexes: [{digest: 'sha256:1', name: 'exporting cache to registry', started}]}),
		JSON.stringify({statuses: [{id: sendingCache, vertex: 'sha256:1', started}]}),
		JSON.stringify({statuses: [{id: sendingCache, vertex: 'sha256:1', started, completed: '2026-11-22T22:28:50.5046291Z'}]}),
		'',
	].join('\n');
	const spans = parseProgress(output);
	t.deepEqual([...spans.keys()], [sendingCache]);
	const span = spans.get(sendingCache);
	if (!span) return t.fail();
	t.is(span.endNs - span.startNs, 160_477_815n);
	t.is(secondsOf(span), 0.160477815);
});

test('a time keeps all digits of its second, whether it has nine of them or none', t => {
	t.is(parseNanoseconds('1970-01-01T00:00:01.000000001Z'), 1_000_000_001n);
	t.is(parseNanoseconds('1970-01-01T00:00:01.5Z'), 1_500_000_000n);
	t.is(parseNanoseconds('1970-01-01T00:00:02Z'), 2_000_000_000n);
	t.throws(() => parseNanoseconds('yesterday'), {message: 'not a time of BuildKit: yesterday'});
});

test('a span over several begins with the first and ends with the last', t => {
	t.deepEqual(
		spanOver([
			{startNs: 5n, endNs: 9n},
			{startNs: 3n, endNs: 4n},
		]),
		{startNs: 3n, endNs: 9n},
	);
});

test("wrk's rate is believed only if every answer was a good one", t => {
	const output = 'Running 3s test\n  30 requests in 3.00s, 1MB read\nRequests/sec:   5885.31\nTransfer/sec:      4.2MB\n';
	t.is(parseWrk(output), 5885.31);
	t.throws(() => parseWrk(`  Non-2xx or 3xx responses: 12\n${output}`), {message: /Non-2xx or 3xx responses: 12/});
	t.throws(() => parseWrk(`  Socket errors: connect 0, read 3\n${output}`), {message: /read 3/});
	t.throws(() => parseWrk('unable to connect'), {message: /unable to connect/});
});
