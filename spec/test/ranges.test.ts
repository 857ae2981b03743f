/** ranges.ts against RFC 9110 section 14, the distribution-spec's "Pushing a blob in chunks" and the conformance suite's range tests. */
import test from 'ava';
import fc from 'fast-check';
import {type ByteRange, formatUploadRange, parseContentRange, parseRange, resolveRange} from '../src/index.ts';
import {refused} from './refused.ts';

const blobSize = 2048;

// conformance/run.go, "range requests"; undefined is 416.
const conformance: readonly (readonly [header: string, bytes: {start: number; end: number} | undefined])[] = [
	['bytes=500-1499', {start: 500, end: 1499}],
	['bytes=500-', {start: 500, end: 2047}],
	['bytes=-500', {start: 1548, end: 2047}],
	['bytes=2000-5000', {start: 2000, end: 2047}],
	['bytes=500-0', undefined],
	['bytes=5000-10000', undefined],
];
for (const [header, bytes] of conformance) {
	test(`Range: ${header} of ${blobSize} bytes`, t => {
		const range = parseRange(header);
		t.truthy(range);
		t.deepEqual(range && resolveRange(range, blobSize), bytes);
	});
}

const parsed: readonly (readonly [header: string | undefined, range: ByteRange | undefined])[] = [
	[undefined, undefined],
	['', undefined],
	['bytes=', undefined],
	['bytes=-', undefined],
	['bytes', undefined],
	['bytes=0-0,5-6', undefined],
	['bytes=a-b', undefined],
	['bytes=+1-2', undefined],
	['bytes=0x1-2', undefined],
	['lines=1-2', undefined],
	['bytes 0-1', undefined],
	['bytes=0-1\n', undefined],
	// RFC 9110 14.1: "Range units are … case-insensitive"
	['Bytes=0-1', {start: 0, end: 1}],
	['bytes= 0-1 ', {start: 0, end: 1}],
	['bytes=-0', {suffix: 0}],
	['bytes=0-99999999999999999999', {start: 0, end: Number.MAX_SAFE_INTEGER}],
	[`bytes=${'9'.repeat(500)}-`, {start: Number.MAX_SAFE_INTEGER}],
];
for (const [header, range] of parsed) {
	test(`Range: ${JSON.stringify(header)?.slice(0, 40)} means ${JSON.stringify(range)}`, t => t.deepEqual(parseRange(header), range));
}

const resolved: readonly (readonly [range: ByteRange, size: number, bytes: {start: number; end: number} | undefined])[] = [
	// "If the selected representation is shorter than the specified suffix-length, the entire representation is used."
	[{suffix: 5000}, 10, {start: 0, end: 9}],
	[{suffix: 0}, 10, undefined],
	[{start: 0}, 0, undefined],
	[{suffix: 1}, 0, undefined],
	[{start: 9}, 10, {start: 9, end: 9}],
	[{start: 10}, 10, undefined],
	[{start: 0, end: 0}, 1, {start: 0, end: 0}],
];
for (const [range, size, bytes] of resolved) {
	test(`${JSON.stringify(range)} of ${size} bytes`, t => t.deepEqual(resolveRange(range, size), bytes));
}

test('a resolved range always lies in the content', t => {
	const ranges = fc.oneof(fc.record({start: fc.nat(), end: fc.option(fc.nat(), {nil: undefined})}), fc.record({suffix: fc.nat()}));
	t.notThrows(() =>
		fc.assert(
			fc.property(ranges, fc.nat(), (range, size) => {
				const bytes = resolveRange(range, size);
				return bytes === undefined || (bytes.start >= 0 && bytes.start <= bytes.end && bytes.end < size);
			}),
		),
	);
});

const contentRanges = ['0-9', 'bytes 0-9', 'bytes=0-9', 'bytes 0-9/*', 'bytes 0-9/10', '0-9/10'];
for (const header of contentRanges) {
	test(`Content-Range: ${header}`, t => t.deepEqual(parseContentRange(header), {start: 0, end: 9}));
}

test('without Content-Range a chunk is appended', t => t.is(parseContentRange(undefined), undefined));

for (const header of [
	'',
	'0',
	'-',
	'0-',
	'-9',
	'9-0',
	'a-b',
	'0-9\n',
	' 0-9',
	'bytes */10',
	'items 0-9',
	`0-${2 ** 53}`,
	`0-${'9'.repeat(400)}`,
]) {
	test(`Content-Range refused: ${JSON.stringify(header).slice(0, 40)}`, t => {
		refused(t, () => parseContentRange(header), {code: 'BLOB_UPLOAD_INVALID', status: 400});
	});
}

test('what the spec\'s "^[0-9]+-[0-9]+$" matches is read as two offsets', t => {
	t.notThrows(() =>
		fc.assert(
			fc.property(fc.maxSafeNat(), fc.maxSafeNat(), (a, b) => {
				const [start, end] = a < b ? [a, b] : [b, a];
				const range = parseContentRange(`${start}-${end}`);
				return range?.start === start && range.end === end;
			}),
		),
	);
});

test('the range of an upload ends with its last byte', t => {
	t.deepEqual([0, 1, 2, 1024].map(formatUploadRange), ['0-0', '0-0', '0-1', '0-1023']);
});
