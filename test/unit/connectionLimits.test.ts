/** Which connections are ended: those whose headers take too long, and those that others need more. */
import {EventEmitter} from 'node:events';
import type {Server} from 'node:http';
import test from 'ava';
import {isLate, limitConnections, mostIdle} from '../../src/http/connectionLimits.ts';
import {newConnection, watchConnections} from '../../src/http/connections.ts';

const headerMs = 30_000;

const connectionAt = (now: number) => {
	const socket = {bytesRead: 0, bytesWritten: 0, destroy: () => socket as never};
	const request = {complete: true};
	const response = {closed: true, headersSent: false, setHeader: () => response as never};
	const connection = newConnection(socket, '10.0.0.1', now);
	return {
		connection,
		/** Bytes come. */
		hear(bytes: number) {
			socket.bytesRead += bytes;
		},
		/** The headers of a request are there. */
		ask({bytes, isWhole}: {bytes: number; isWhole: boolean}) {
			socket.bytesRead += bytes;
			connection.requests += 1;
			connection.last = {request, response};
			request.complete = isWhole;
			response.closed = false;
		},
		sendRest(bytes: number) {
			socket.bytesRead += bytes;
			request.complete = true;
		},
		answer() {
			socket.bytesWritten += 100;
			response.closed = true;
		},
	};
};

test('a silent connection is never late, whether it is fresh or was used', t => {
	const {connection, ask, answer} = connectionAt(0);
	for (let now = 0; now < 3_600_000; now += 1000) t.false(isLate(connection, now, headerMs));
	ask({bytes: 100, isWhole: true});
	answer();
	for (let now = 3_600_000; now < 7_200_000; now += 1000) t.false(isLate(connection, now, headerMs));
});

test('headers that have begun are late when their time is over, however many of them still come', t => {
	for (const bytes of [0, 10]) {
		const {connection, hear} = connectionAt(0);
		t.false(isLate(connection, 1000, headerMs));
		hear(5);
		for (let now = 2000; now < 2000 + headerMs; now += 1000) {
			t.false(isLate(connection, now, headerMs), `${now}`);
			hear(bytes);
		}
		t.true(isLate(connection, 2000 + headerMs, headerMs));
	}
});

test('so are the headers of a later request', t => {
	const {connection, ask, answer, hear} = connectionAt(0);
	ask({bytes: 100, isWhole: true});
	answer();
	t.false(isLate(connection, 1000, headerMs));
	hear(5);
	t.false(isLate(connection, 2000, headerMs));
	t.true(isLate(connection, 2000 + headerMs, headerMs));
});

test('a body may take its time, before its answer and behind it, and so may an answer', t => {
	const {connection, ask, answer, hear, sendRest} = connectionAt(0);
	ask({bytes: 100, isWhole: false});
	let now = 0;
	const passAnHour = () => {
		for (const end = now + 3_600_000; now < end; now += 1000) {
			hear(10);
			t.false(isLate(connection, now, headerMs));
		}
	};
	passAnHour();
	answer();
	passAnHour();
	sendRest(10);
	for (const end = now + 2 * headerMs; now < end; now += 1000) t.false(isLate(connection, now, headerMs));
	ask({bytes: 100, isWhole: true});
	for (const end = now + 2 * headerMs; now < end; now += 1000) t.false(isLate(connection, now, headerMs));
});

test('headers whose end has come in time are forgotten', t => {
	const {connection, ask, answer, hear} = connectionAt(0);
	hear(5);
	t.false(isLate(connection, 1000, headerMs));
	ask({bytes: 5, isWhole: true});
	answer();
	for (let now = 2000; now < 100_000; now += 1000) t.false(isLate(connection, now, headerMs));
});

test('who makes way first has begun with headers, or was used and is idle; who is busy stays, unless nothing moves at all', t => {
	const now = 1_000_000;
	const fresh = connectionAt(now - 5000);
	const used = connectionAt(now - 1000);
	used.ask({bytes: 1, isWhole: true});
	used.answer();
	const longUsed = connectionAt(now - 2000);
	longUsed.ask({bytes: 1, isWhole: true});
	longUsed.answer();
	const begun = connectionAt(now);
	begun.connection.beganAt = now;
	const busy = connectionAt(now - 10_000);
	busy.ask({bytes: 1, isWhole: false});
	const stuck = connectionAt(now - 60_000);
	stuck.ask({bytes: 1, isWhole: false});
	const order = [begun, longUsed, used, fresh, stuck];
	const connections = [busy, ...order.toReversed()].map(({connection}) => connection);
	for (const {connection} of order) {
		t.is(mostIdle(connections, now), connection);
		connections.splice(connections.indexOf(connection), 1);
	}
	t.is(mostIdle(connections, now), undefined);
});

test('the addresses of one network of IPv6 have as many connections as one of IPv4, which no other shares', t => {
	const server = new EventEmitter() as Server;
	const ended: string[] = [];
	const limits = {most: 100, mostPerAddress: 2, isShared: () => false, headerSeconds: 30, onEnded: (why: string) => void ended.push(why)};
	watchConnections(server, 'connection', connections => ({
		opened: limitConnections(server, connections, limits),
		answered: () => undefined,
	}));
	const open = (remoteAddress: string) => {
		const socket = Object.assign(new EventEmitter(), {remoteAddress, bytesRead: 0, bytesWritten: 0, destroy: () => undefined});
		server.emit('connection', socket);
	};
	for (const address of ['::ffff:10.0.0.1', '::ffff:10.0.0.2', '::ffff:10.0.0.3', '2001:db8:1:2::1', '2001:db8:1:2::2', '2001:db8:1:3::1'])
		open(address);
	t.deepEqual(ended, []);
	open('2001:db8:1:2::3');
	t.is(ended.length, 1);
	server.emit('close');
});
