/** A stream taken from its hand, a piece at a time. */
import {PassThrough, Readable} from 'node:stream';
import test from 'ava';
import {piecesOf} from '../../src/lib/pieces.ts';

const never = {windowMs: 1000, leastPerSecond: 0};
const pieceBytes = 64 * 1024;
const turn = () => new Promise(setImmediate);

const readAll = async (pieces: ReturnType<typeof piecesOf>): Promise<Buffer> => {
	const all: Uint8Array[] = [];
	for (let next = await pieces.next(); !next.done; next = await pieces.next()) all.push(next.value);
	return Buffer.concat(all);
};

test('all bytes come in their order, whether they are asked for before or after they come, and the end stays one', async t => {
	const stream = new PassThrough();
	const noted: (number | undefined)[] = [];
	const pieces = piecesOf(stream, never, ({value}) => void noted.push(value?.length));
	const first = pieces.next();
	stream.write('ab');
	t.is(String((await first).value), 'ab');
	stream.write('cd');
	await turn();
	stream.end('ef');
	await turn();
	t.is(String(await readAll(pieces)), 'cdef');
	t.true((await pieces.next()).done);
	t.is(
		noted.reduce<number>((sum, length = 0) => sum + length, 0),
		6,
	);
});

test('of what nobody asks for, the stream keeps one piece', async t => {
	let made = 0;
	const stream = new Readable({
		highWaterMark: 16 * 1024,
		read() {
			made += 1;
			setImmediate(() => this.push(made > 50 ? null : Buffer.alloc(pieceBytes)));
		},
	});
	const pieces = piecesOf(stream, never, () => undefined);
	await pieces.next();
	for (let turns = 0; turns < 20; turns += 1) await turn();
	t.true(stream.readableLength <= pieceBytes, `${stream.readableLength}`);
	t.true(made <= 3, `${made}`);
	t.is((await readAll(pieces)).length, 49 * pieceBytes);
});

test('a stream that breaks says so to whoever waits, and to whoever asks later', async t => {
	for (const broken of [new Error('reset'), undefined]) {
		const stream = new PassThrough();
		const pieces = piecesOf(stream, never, () => undefined);
		const waiting = pieces.next();
		stream.destroy(broken);
		const expected = {message: broken ? 'reset' : /premature/i};
		await t.throwsAsync(waiting, expected);
		await t.throwsAsync(pieces.next(), expected);
	}
});

test('who waits, or asks later, hears why it was given up', async t => {
	const pieces = piecesOf(new PassThrough(), never, () => undefined);
	const waiting = pieces.next();
	pieces.giveUp(new Error('others waited'));
	await t.throwsAsync(waiting, {message: 'others waited'});
	await t.throwsAsync(pieces.next(), {message: 'others waited'});
});

test('who waits for a stream that is left hears so; what still comes is thrown away, and the stream is not destroyed', async t => {
	const stream = new PassThrough();
	const pieces = piecesOf(stream, never, () => undefined);
	stream.write('read');
	await pieces.next();
	stream.write('not read');
	await turn();
	await pieces.next();
	const left = pieces.next();
	pieces.leave();
	await t.throwsAsync(left, {message: /nobody reads/});
	await t.throwsAsync(pieces.next(), {message: /nobody reads/});
	for (let times = 0; times < 10; times += 1) {
		stream.write(Buffer.alloc(pieceBytes));
		await turn();
	}
	t.is(stream.readableLength, 0);
	t.false(stream.destroyed);
	const ended = new Promise(resolve => stream.once('end', resolve));
	stream.end();
	await ended;
	t.pass();
});
