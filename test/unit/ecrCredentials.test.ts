import test from 'ava';
import {createEcrCredentials} from '../../src/upstream/ecrCredentials.ts';

const hourMs = 3_600_000;

/** Gives tokens of 12 hours, a new one each time. */
const createRoom = () => {
	const room = {now: Date.parse('2026-11-27T00:00:00Z'), given: 0, isAway: false};
	const credentials = createEcrCredentials(
		{
			async getToken() {
				if (room.isAway) throw new Error('AWS is away');
				room.given += 1;
				return {token: Buffer.from(`AWS:secret-${room.given}`).toString('base64'), expiresAt: new Date(room.now + 12 * hourMs)};
			},
		},
		() => room.now,
	);
	const password = async () => (await credentials.get())?.password;
	return {room, credentials, password};
};
const settled = () => new Promise(resolve => setImmediate(resolve));

test('a token is asked for once by all who need one, and serves for half its life', async t => {
	const {room, credentials, password} = createRoom();
	const pairs = await Promise.all([credentials.get(), credentials.get()]);
	t.deepEqual(pairs[0], {username: 'AWS', password: 'secret-1'});
	room.now += 6 * hourMs - 1;
	t.is(await password(), 'secret-1');
	t.is(room.given, 1);
});

test('in its second half it is renewed while nobody waits, and while AWS is away the old one serves', async t => {
	const {room, password} = createRoom();
	await password();
	room.now += 6 * hourMs;
	room.isAway = true;
	t.is(await password(), 'secret-1');
	await settled();
	room.now += 60_000;
	room.isAway = false;
	t.is(await password(), 'secret-1');
	await settled();
	t.is(await password(), 'secret-2');
	t.is(room.given, 2);
});

test('one that ends within minutes is not used any more', async t => {
	const {room, password} = createRoom();
	await password();
	room.now += 12 * hourMs - 4 * 60_000;
	t.is(await password(), 'secret-2');
	room.isAway = true;
	room.now += 12 * hourMs;
	await t.throwsAsync(password(), {message: 'AWS is away'});
});

test('a refused token is worth nothing any more, unless it was just given', async t => {
	const {room, credentials, password} = createRoom();
	await password();
	credentials.renew();
	t.is(await password(), 'secret-1');
	room.now += hourMs;
	credentials.renew();
	t.is(await password(), 'secret-2');
});
