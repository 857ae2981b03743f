import test from 'ava';
import {formatRangeHeader, parseContentRangeOf, parseSize, parseUploadRange} from '../../src/upstream/remoteRanges.ts';

test('a range is asked for as RFC 9110 writes it', t => {
	t.is(formatRangeHeader({start: 0, end: 9}), 'bytes=0-9');
	t.is(formatRangeHeader({start: 5}), 'bytes=5-');
	t.is(formatRangeHeader({suffix: 7}), 'bytes=-7');
});

test('what an answer carries is taken from its Content-Range, if that can be', t => {
	t.deepEqual(parseContentRangeOf('bytes 5-9/100'), {start: 5, end: 9, size: 100});
	t.like(parseContentRangeOf('bytes */100'), {size: 100});
	for (const header of [
		undefined,
		'',
		'bytes 9-5/100',
		'bytes 0-100/100',
		'bytes 0-9/*',
		'items 0-9/10',
		'bytes 0-9',
		`bytes 0-9/1${'0'.repeat(15)}`,
	])
		t.is(parseContentRangeOf(header), undefined);
});

test('a length is a number', t => {
	t.is(parseSize('0'), 0);
	t.is(parseSize('123'), 123);
	for (const header of [undefined, '', '-1', '1.5', '0x10', ' 1', '1'.repeat(16)]) t.is(parseSize(header), undefined);
});

test('an upload has what its Range says, and nothing or one byte where that says 0-0', t => {
	t.is(parseUploadRange('0-99'), 100);
	t.is(parseUploadRange('bytes=0-99'), 100);
	t.is(parseUploadRange('0-0'), 0);
	t.is(parseUploadRange('0-0', 1), 1);
	for (const header of [undefined, '', '1-9', '0-', '-9', '0-x']) t.is(parseUploadRange(header), undefined);
});
