import test from 'ava';
import {parseRetryAfter, pauseAfter} from '../../src/upstream/retries.ts';
import {defaultTuning} from '../../src/upstream/upstream.ts';

const tuning = {...defaultTuning, firstWaitSeconds: 1, longestWaitSeconds: 10, patienceSeconds: 30, tries: 5};
const pause = (failure: {isPassing?: boolean; retryAfterMs?: number}, {tries = 1, sinceMs = 0, random = 1} = {}) =>
	pauseAfter({isPassing: true, retryAfterMs: undefined, ...failure}, {tries, sinceMs, random}, tuning);

test('each pause is twice as long as the one before, up to the longest', t => {
	t.deepEqual(
		[1, 2, 3, 4].map(tries => pause({}, {tries})),
		[1000, 2000, 4000, 8000],
	);
	t.is(pauseAfter({isPassing: true, retryAfterMs: undefined}, {tries: 9, sinceMs: 0, random: 1}, {...tuning, tries: 20}), 10_000);
});

test('a pause is drawn from its upper half', t => {
	t.is(pause({}, {random: 0}), 500);
	t.is(pause({}, {random: 0.5}), 750);
});

test('nothing is tried before the upstream wishes, and nothing for which it wants us to wait too long', t => {
	t.is(pause({retryAfterMs: 5000}), 5000);
	t.is(pause({retryAfterMs: 10}), 1000);
	t.is(pause({retryAfterMs: 10_000}), 10_000);
	t.is(pause({retryAfterMs: 10_001}), undefined);
});

test('what is refused for good is not tried again, nor what was tried often or for long', t => {
	t.is(pause({isPassing: false}), undefined);
	t.is(pause({}, {tries: 5}), undefined);
	t.is(pause({}, {sinceMs: 29_500}), undefined);
	t.is(pause({}, {sinceMs: 29_000}), 1000);
});

test('Retry-After is seconds, or a date by the clock of whoever sent it', t => {
	t.is(parseRetryAfter('7', undefined), 7000);
	t.is(parseRetryAfter('0', undefined), 0);
	t.is(parseRetryAfter('Fri, 27 Nov 2026 12:00:09 GMT', 'Fri, 27 Nov 2026 12:00:00 GMT'), 9000);
	t.is(parseRetryAfter('Fri, 27 Nov 2026 11:59:00 GMT', 'Fri, 27 Nov 2026 12:00:00 GMT'), 0);
	for (const header of [undefined, '', 'soon', '-1', '1.5', 'Fri, 27 Nov 2026 12:00:09 GMT'])
		t.is(parseRetryAfter(header, undefined), undefined);
});
