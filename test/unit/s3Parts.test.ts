/** Streams cut into parts. */
import {crc32} from 'node:zlib';
import test from 'ava';
import fc from 'fast-check';
import {LengthMismatch} from '../../src/lib/exactLength.ts';
import {createSlabs} from '../../src/lib/slabs.ts';
import {formatCrc32} from '../../src/storage/s3/content.ts';
import {type Cutting, inParts} from '../../src/storage/s3/parts.ts';
import {partBytesFor} from '../../src/storage/s3/uploads.ts';
import {bytesLeft, collect, ownPieces} from '../support/bytes.ts';

const MiB = 1024 * 1024;
const GiB = 1024 * MiB;

const cuttingInto = (partBytes: number, more: Partial<Cutting> = {}): Cutting => ({
	size: undefined,
	sizeOf: () => partBytes,
	slabs: createSlabs({slabBytes: 3, totalBytes: 64}),
	atOnce: 4,
	sender: 'somebody',
	isGiven: false,
	sentComing: false,
	slow: {seconds: 30, leastPerSecond: 1},
	withSums: true,
	...more,
});

const bytesOf = async ({bytes}: {bytes(): Iterable<Uint8Array> | AsyncIterable<Uint8Array>}) =>
	Buffer.concat(await Array.fromAsync(bytes()));

async function* streamOf(chunks: readonly Uint8Array[]) {
	yield* chunks;
}

for (const isKnown of [true, false]) {
	test(`however a stream comes, its parts are its bytes, each full but the last, and only that one says so; length ${isKnown ? '' : 'un'}known`, async t => {
		const chunk = fc.uint8Array({maxLength: 70});
		await fc.assert(
			fc.asyncProperty(fc.array(chunk, {maxLength: 12}), fc.integer({min: 1, max: 64}), async (chunks, partBytes) => {
				const slabs = createSlabs({slabBytes: 8, totalBytes: 64});
				const size = isKnown ? Buffer.concat(chunks).length : undefined;
				const reading: Promise<{bytes: Buffer; isLast: boolean}>[] = [];
				const pieces: Uint8Array[] = [];
				const given = ownPieces(streamOf(chunks), pieces);
				for await (const part of inParts(given, cuttingInto(partBytes, {slabs, size, isGiven: true}))) {
					const read = async () => {
						const bytes = await bytesOf(part);
						t.is(bytes.length, part.size);
						if (part.size > 0) t.is(part.crc32(), formatCrc32(crc32(bytes)));
						t.true((await bytesOf(part)).equals(bytes), 'and again from the beginning');
						part.release();
						return {bytes, isLast: part.isLast};
					};
					reading.push(read());
				}
				const parts = await Promise.all(reading);
				t.true(Buffer.concat(parts.map(({bytes}) => bytes)).equals(Buffer.concat(chunks)));
				t.is(bytesLeft(pieces), 0, 'what was copied is not kept twice');
				t.true(parts.every(({bytes, isLast}, at) => (at === parts.length - 1 ? isLast : !isLast && bytes.length === partBytes)));
				const everything = await Promise.race([
					slabs.lease(64, {name: 'somebody'}),
					new Promise(resolve => setImmediate(resolve, undefined)),
				]);
				t.truthy(everything, 'all memory came back');
			}),
		);
	});
}

test('of a known length, a part is there with its first bytes, and the next one when the last of this have come', async t => {
	const rest = Promise.withResolvers<void>();
	const body = (async function* () {
		yield Buffer.from('ab');
		await rest.promise;
		yield Buffer.from('cdef');
	})();
	const parts = inParts(body, cuttingInto(4, {size: 6}));
	const {value: first} = await parts.next();
	t.like(first, {size: 4, isLast: false});
	t.false(first.isWhole());
	const second = parts.next();
	rest.resolve();
	t.is(String(await bytesOf(first)), 'abcd');
	t.like((await second).value, {size: 2, isLast: true});
});

test('the last part is whole only when the stream has ended as it should', async t => {
	const end = Promise.withResolvers<void>();
	const parts = inParts(
		(async function* () {
			yield Buffer.from('abc');
			yield Buffer.from('def');
			await end.promise;
			yield Buffer.from('g');
		})(),
		cuttingInto(6, {size: 6}),
	);
	const {value: part} = await parts.next();
	const next = parts.next();
	const read: string[] = [];
	const reading = (async () => {
		for await (const piece of part.bytes()) read.push(String(piece));
	})();
	await new Promise(setImmediate);
	t.deepEqual(read, ['abc']);
	end.resolve();
	const error = await t.throwsAsync(next, {instanceOf: LengthMismatch});
	part.giveUp(error);
	t.is(await t.throwsAsync(reading), error);
	t.is(await t.throwsAsync(part.whole()), error);
	t.deepEqual(read, ['abc']);
});

test('no more parts are out than may be at once', async t => {
	const parts = inParts(streamOf([Buffer.alloc(12)]), cuttingInto(4, {size: 12, atOnce: 2}));
	const {value: first} = await parts.next();
	await parts.next();
	const third = parts.next();
	t.is(await Promise.race([third, new Promise(resolve => setImmediate(resolve, 'none'))]), 'none');
	first.release();
	t.true((await third).value.isLast);
});

test('a stream that is not as long as was said fails, and gives its memory back', async t => {
	for (const size of [9, 11]) {
		const slabs = createSlabs({slabBytes: 8, totalBytes: 64});
		const out = new Set<{release(): void}>();
		const cut = async () => {
			const stream = streamOf([Buffer.alloc(4), Buffer.alloc(6)]);
			for await (const part of inParts(stream, cuttingInto(4, {size, slabs, withSums: false}))) out.add(part);
		};
		await t.throwsAsync(cut(), {instanceOf: LengthMismatch});
		for (const {release} of out) release();
		await slabs.lease(64, {name: 'somebody'});
	}
});

test('nobody reads memory that was given back, and nobody writes there', async t => {
	const slabs = createSlabs({slabBytes: 2, totalBytes: 8});
	const rest = Promise.withResolvers<void>();
	const body = (async function* () {
		yield Buffer.from('ab');
		await rest.promise;
		yield Buffer.from('cd');
	})();
	const parts = inParts(body, cuttingInto(8, {size: 8, slabs}));
	const {value: part} = await parts.next();
	const reader = part.bytes()[Symbol.asyncIterator]();
	t.is(String((await reader.next()).value), 'ab');
	const waiting = reader.next();
	part.release();
	await t.throwsAsync(waiting, {message: /no longer kept/});
	const other = await slabs.lease(8, {name: 'somebody'});
	const memory = [1, 2, 3, 4].map(() => other.take().fill('x'));
	rest.resolve();
	await t.throwsAsync(parts.next(), {message: /no longer kept/});
	t.is(memory.join(''), 'xxxxxxxx');
	await t.throwsAsync(collect(part.bytes()), {message: /no longer kept/});
});

test('no length needs more than 10,000 parts', t => {
	for (const size of [20 * MiB, 50 * GiB, 80 * GiB + 1, 500 * GiB, 5 * 1024 * GiB]) {
		const partBytes = partBytesFor(size, 8 * MiB)(1);
		t.true(Math.ceil(size / partBytes) <= 10_000 && partBytes >= 8 * MiB, `${size}`);
	}
});

test('an unknown length starts with small parts, and 50 GiB are reached long before the last', t => {
	const sizeOf = partBytesFor(undefined, 8 * MiB);
	let size = 0;
	let number = 1;
	for (; size < 50 * GiB; number += 1) size += sizeOf(number);
	t.is(sizeOf(1), 8 * MiB);
	t.true(number < 5_000);
	for (; number <= 10_000; number += 1) size += sizeOf(number);
	t.true(size > 400 * GiB);
});
