/** Bodies that come, and answers that go: who waits for a place, who loses it, and what gives it back. */
import type {IncomingMessage} from 'node:http';
import {PassThrough} from 'node:stream';
import test from 'ava';
import {createArrivingBody} from '../../src/http/arrivingBody.ts';
import {inPlace} from '../../src/http/streamedAnswer.ts';
import {createDestroyable} from '../../src/lib/destroyable.ts';
import {createLender} from '../../src/lib/lender.ts';
import {collect} from '../support/bytes.ts';

const doorBytes = 16 * 1024;
const beginning = Buffer.alloc(doorBytes, 'b');
const turn = () => new Promise(setImmediate);

/** One place, looked after when it is told to; the clock is set by hand. */
const createRoomForOne = () => {
	let now = 0;
	let looking: (() => void) | undefined;
	const lender = createLender({
		total: 1,
		repeat(look) {
			looking = look;
			return () => {
				looking = undefined;
			};
		},
	});
	const slow = {windowMs: 1000, leastPerSecond: 100, elapsed: () => now};
	let cut = 0;
	const bodyOf = (tenant = 'one') => {
		const request = Object.assign(new PassThrough(), {complete: false, headers: {}, socket: {destroy() {}}});
		const body = createArrivingBody(request as unknown as IncomingMessage, {
			...{lender, slow, amount: 1, tenant: () => tenant},
			onBytes: () => undefined,
			onCut: () => {
				cut += 1;
			},
		});
		return {request, body, chunks: body[Symbol.asyncIterator]()};
	};
	const pass = (ms: number) => {
		now += ms;
	};
	return {lender, slow, bodyOf, pass, look: () => looking?.(), cut: () => cut};
};

test('a body takes a place when its beginning is there, and not before; all of its bytes are handed on', async t => {
	const {lender, bodyOf} = createRoomForOne();
	const {request, body} = bodyOf();
	const read = collect(body);
	for (let sent = 0; sent < 100; sent += 1) request.write('x');
	await turn();
	t.is(lender.lent(), 0);
	request.write(beginning);
	await turn();
	t.is(lender.lent(), 1);
	request.end('end');
	t.deepEqual(await read, Buffer.concat([Buffer.alloc(100, 'x'), beginning, Buffer.from('end')]));
	body.leave();
	await turn();
	t.is(lender.lent(), 0);
});

test('a short body takes one at its end', async t => {
	const {lender, bodyOf} = createRoomForOne();
	const {request, body} = bodyOf();
	request.end('short');
	t.is(String(await collect(body)), 'short');
	t.is(lender.lent(), 1);
	body.leave();
});

test('a body that stands still keeps its place while nobody wants it, and loses it with 503 when somebody does', async t => {
	const {bodyOf, pass, look, cut} = createRoomForOne();
	const slow = bodyOf('slow');
	slow.request.write(beginning);
	await slow.chunks.next();
	const stands = slow.chunks.next();
	await turn();
	pass(3_600_000);
	look();
	t.is(cut(), 0);
	const other = bodyOf('other');
	other.request.end(beginning);
	const read = other.chunks.next();
	await turn();
	look();
	t.is(cut(), 1);
	await t.throwsAsync(stands, {name: 'OciError', message: /while others waited/});
	slow.body.leave();
	t.is((await read).value.length, doorBytes);
	other.body.leave();
});

test('a body that comes, or whose bytes nobody asks for, keeps its place', async t => {
	const {bodyOf, pass, look, cut} = createRoomForOne();
	const {request, chunks, body} = bodyOf();
	request.write(beginning);
	await chunks.next();
	const other = bodyOf('other');
	other.request.end(beginning);
	const read = other.chunks.next();
	await turn();
	for (let times = 0; times < 10; times += 1) {
		const next = chunks.next();
		pass(900);
		request.write(Buffer.alloc(100));
		await next;
		// The store takes its time.
		pass(60_000);
		look();
	}
	t.is(cut(), 0);
	body.leave();
	await read;
	other.body.leave();
});

const endless = () => {
	let isDestroyed = false;
	const body = createDestroyable(
		async () => ({done: false, value: Buffer.alloc(20)}),
		() => {
			isDestroyed = true;
		},
	);
	return {body, isDestroyed: () => isDestroyed};
};

test('a reader that takes nothing loses its place when somebody waits for it, and one that reads does not', async t => {
	const {lender, slow, pass, look} = createRoomForOne();
	const cut: string[] = [];
	const stream = (tenant: string) => inPlace({lender, slow, tenant, cut: () => cut.push(tenant)}, async () => endless());
	const {body} = await stream('first');
	const chunks = body[Symbol.asyncIterator]();
	const next = stream('next');
	for (let times = 0; times < 20; times += 1) {
		await chunks.next();
		pass(100);
		look();
	}
	t.deepEqual(cut, []);
	pass(1000);
	look();
	t.deepEqual(cut, ['first']);
	body.destroy();
	(await next).body.destroy();
	t.is(lender.lent(), 0);
});

test('what cannot be opened gives its place back, and what is destroyed is destroyed within', async t => {
	const {lender, slow} = createRoomForOne();
	const options = {lender, slow, tenant: 'one', cut() {}};
	const away = () => Promise.reject(new Error('away'));
	await t.throwsAsync(inPlace(options, away), {message: 'away'});
	t.is(lender.lent(), 0);
	const {body, isDestroyed} = await inPlace(options, async () => endless());
	t.is(lender.lent(), 1);
	body.destroy();
	t.is(lender.lent(), 0);
	t.true(isDestroyed());
});
