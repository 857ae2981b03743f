/** uploadIds.ts against RFC 9562 section 5.7. */
import test from 'ava';
import fc from 'fast-check';
import {createUploadId, isUploadId, parseUploadId, uploadIdSchema, uploadStartedAt} from '../src/index.ts';
import {refused} from './refused.ts';

test('the example of RFC 9562 A.6 is an id, and tells its time', t => {
	const id = parseUploadId('017f22e2-79b0-7cc3-98c4-dc0c0c07398f');
	t.is(uploadStartedAt(id), 0x017f22e279b0);
	t.is(createUploadId(0x017f22e279b0, Uint8Array.of(0x0c, 0xc3, 0x18, 0xc4, 0xdc, 0x0c, 0x0c, 0x07, 0x39, 0x8f)), id);
});

const foreign: readonly (readonly [why: string, text: unknown])[] = [
	['missing', undefined],
	['empty', ''],
	['version 4', 'f47ac10b-58cc-4372-a567-0e02b2c3d479'],
	['another variant', '017f22e2-79b0-7cc3-18c4-dc0c0c07398f'],
	['upper case', '017F22E2-79B0-7CC3-98C4-DC0C0C07398F'],
	['no dashes', '017f22e279b07cc398c4dc0c0c07398f'],
	['braces', '{017f22e2-79b0-7cc3-98c4-dc0c0c07398f}'],
	['a line feed', '017f22e2-79b0-7cc3-98c4-dc0c0c07398f\n'],
	['traversal', '../../../../etc/passwd'],
];
for (const [why, text] of foreign) {
	test(`unknown: ${why}`, t => {
		refused(t, () => parseUploadId(text), {code: 'BLOB_UPLOAD_UNKNOWN', status: 404});
		t.false(uploadIdSchema.safeParse(text).success);
	});
}

const times = fc.integer({min: 0, max: 2 ** 48 - 1});
const randoms = fc.uint8Array({minLength: 10, maxLength: 16});

test('an id keeps the time it was made at', t => {
	t.notThrows(() =>
		fc.assert(
			fc.property(times, randoms, (now, random) => {
				const id = createUploadId(now, random);
				return isUploadId(id) && uploadStartedAt(id) === now;
			}),
		),
	);
});

test('later ids sort after earlier ones', t => {
	t.notThrows(() =>
		fc.assert(
			fc.property(times, times, randoms, (a, b, random) => a === b || createUploadId(a, random) < createUploadId(b, random) === a < b),
		),
	);
});

test('74 bits of the id are random', t => {
	const bits = (text: string) => BigInt(`0x${text.replaceAll('-', '')}`);
	const difference = bits(createUploadId(0, new Uint8Array(10))) ^ bits(createUploadId(0, new Uint8Array(10).fill(255)));
	t.is([...difference.toString(2)].filter(bit => bit === '1').length, 74);
});

test('an id is not made of a wrong clock or of too little randomness', t => {
	t.throws(() => createUploadId(-1, new Uint8Array(10)), {instanceOf: RangeError});
	t.throws(() => createUploadId(Number.NaN, new Uint8Array(10)), {instanceOf: RangeError});
	t.throws(() => createUploadId(2 ** 48, new Uint8Array(10)), {instanceOf: RangeError});
	t.throws(() => createUploadId(0, new Uint8Array(9)), {instanceOf: RangeError});
});
