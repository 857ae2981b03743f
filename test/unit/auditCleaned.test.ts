/** What clients send may neither forge lines nor leave secrets in them. */
import test from 'ava';
import fc from 'fast-check';
import type {AuditEvent} from '../../src/audit/audit.ts';
import {cleaned, startOf} from '../../src/audit/cleaned.ts';
import {createFolding} from '../../src/audit/folding.ts';
import {formatLine, parseLine} from '../../src/audit/line.ts';
import {event} from '../support/auditEvents.ts';

const lineOf = (given: Partial<AuditEvent>) => {
	const folding = createFolding();
	folding.add(event(given), 0);
	return folding.lines().map(formatLine).join('');
};

test('whatever an event has in it becomes one line of printable ASCII, short enough, that is read again', t => {
	const text = fc.string({unit: 'binary', maxLength: 3000});
	const events = fc.record({
		...{what: text, who: text, from: text, why: text, input: text, claimed: text, requestId: text},
		on: fc.record({repo: text, tag: text, digest: text}),
		allowed: fc.boolean(),
		status: fc.integer({min: 100, max: 599}),
	});
	fc.assert(
		fc.property(events, given => {
			const line = lineOf(given);
			t.regex(line, /^[\x20-\x7e]{1,8192}\n$/);
			t.like(parseLine(line), {allowed: given.allowed, status: given.status, count: 1});
		}),
		{numRuns: 300},
	);
	t.pass();
});

test('a line break in a name makes no line of its own', t => {
	const line = lineOf({who: 'user:a"}\n{"audit":1', why: 'no\r\nsuch\u2028thing\u001b[2J'});
	t.is(line.split('\n').length, 2);
	t.is(parseLine(line)?.why, 'no??such?thing?[2J');
});

test('secrets that came into a text do not stay there', t => {
	const token = `lc_abcDEF012345_${'s3cret'.repeat(7)}`;
	const jwt = `eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJtZSJ9.${'c2ln'.repeat(20)}`;
	const url = `https://me:hunter2@s3.example.com/b?X-Amz-Credential=AKIA%2F1&X-Amz-Signature=abcdef`;
	const line = lineOf({why: `sent ${token} and ${jwt} to ${url}`, input: token, requestId: jwt, claimed: token});
	for (const secret of ['s3cret', 'eyJzdWIiOiJtZSJ9', 'c2ln', 'AKIA', 'abcdef"', 'hunter2']) t.false(line.includes(secret), secret);
	t.true(line.includes('lc_abcDEF012345_...'));
});

test('a secret that the limit would cut is recognized all the same', t => {
	const token = `lc_abcDEF012345_${'s'.repeat(43)}`;
	for (let before = 480; before < 512; before++) t.false(cleaned(`${'x'.repeat(before)} ${token}`, 512).includes('ssss'), String(before));
});

test('of a name that was not proven only the beginning is kept: it may be a password', t => {
	t.is(startOf('correct horse battery staple'), 'cor... (28 characters)');
	t.is(startOf('admin'), 'a... (5 characters)');
	t.is(startOf('abc'), '... (3 characters)');
	t.is(startOf(''), '... (0 characters)');
	t.is(startOf('\n\n\n\u0000'.repeat(9)), '???... (36 characters)');
});
