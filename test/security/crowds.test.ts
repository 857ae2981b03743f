/** Connections by the hundred that say nothing, or begin and do not end: whoever means to speak is heard. */
import {once} from 'node:events';
import {connect, type Socket} from 'node:net';
import test from 'ava';
import {startApp} from '../support/app.ts';
import {until} from '../support/until.ts';

const most = 12;

for (const [what, beginning] of [
	['say nothing', ''],
	['begin a request and do not end it', 'GET /v2/ HTTP/1.1\r\nHost: x\r\nX-Slow: '],
	['were used once and stay', 'GET /livez HTTP/1.1\r\nHost: x\r\n\r\n'],
] as const) {
	test(`connections that ${what} are no more than there is room for, and keep nobody out`, async t => {
		const {url, client} = await startApp(t, {
			environment: {LAYERCACHE_HTTP_CONNECTIONS: '100', LAYERCACHE_HTTP_CONNECTIONS_PER_ADDRESS: String(most)},
		});
		const {hostname, port} = new URL(url);
		const sockets: Socket[] = [];
		let closed = 0;
		for (let at = 0; at < 3 * most; at += 1) {
			const socket = connect(Number(port), hostname);
			t.teardown(() => socket.destroy());
			socket
				.on('error', () => undefined)
				.on('close', () => {
					closed += 1;
				})
				.resume();
			await once(socket, 'connect');
			socket.write(beginning);
			sockets.push(socket);
		}
		await until(() => closed >= 2 * most);
		for (let at = 0; at < 5; at += 1) t.is((await client.get('/v2/')).status, 200);
		t.true(closed < 3 * most, 'those that fit were cut as well');
	});
}
