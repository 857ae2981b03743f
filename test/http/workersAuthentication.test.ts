/** Several processes on one port know each other's tokens, and read the file of users together. */
import {once} from 'node:events';
import {writeFile} from 'node:fs/promises';
import {type IncomingMessage, request as send} from 'node:http';
import {join} from 'node:path';
import {hash} from '@node-rs/bcrypt';
import test from 'ava';
import {alice, asAlice, bearing, getToken} from '../support/securedApp.ts';
import {lines, main, run, waitForLine, waitForLines} from '../support/serverProcess.ts';
import {temporaryFolder} from '../support/temporaryFolder.ts';
import {until} from '../support/until.ts';

/** On a connection of its own, since a connection stays with its worker. */
const statusOf = async (url: string, headers: Record<string, string>) => {
	const [answer] = (await once(send(`${url}/v2/ci/app/manifests/x`, {agent: false, headers}).end(), 'response')) as [IncomingMessage];
	answer.resume();
	return answer.statusCode;
};

test('a token of one worker is known to all, also to one that takes the place of another, and ends with its user in all', async t => {
	const folder = await temporaryFolder(t);
	const htpasswd = join(folder, 'htpasswd');
	await writeFile(htpasswd, `${alice.name}:${await hash(alice.password, 4)}\n`);
	const server = run(t, main, [], {
		...{LAYERCACHE_PORT: '0', LAYERCACHE_LOG: 'json', LAYERCACHE_DISK_PATH: join(folder, 'data'), LAYERCACHE_WORKERS: '2'},
		...{LAYERCACHE_AUTH: 'required', LAYERCACHE_AUTH_HTPASSWD: htpasswd},
	});
	const url = String((await waitForLine(server, 'listening')).url);
	await waitForLines(server, 'worker serves', 2);
	const token = bearing(await getToken(url, ['repository:ci/app:pull'], asAlice));

	const askUntilBothAnswer = async (status: number) => {
		const before = lines(server, 'request').length;
		const workers = () =>
			new Set(
				lines(server, 'request')
					.slice(before)
					.map(({worker}) => worker),
			);
		await until(async () => {
			t.is(await statusOf(url, token), status);
			return workers().size === 2;
		});
	};
	await askUntilBothAnswer(404);

	process.kill(Number(lines(server, 'worker serves')[0]?.pid), 'SIGKILL');
	await waitForLines(server, 'worker serves', 3);
	await askUntilBothAnswer(404);

	await writeFile(htpasswd, '');
	server.child.kill('SIGHUP');
	await until(() => lines(server, 'users loaded').filter(({users}) => users === 0).length >= 2);
	await askUntilBothAnswer(401);
});
