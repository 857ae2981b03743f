/** haproxy before several registries, as deploy/haproxy.cfg has it. */
import {readFile, writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import {tool} from '../../../scripts/tools.ts';
import {startDaemon} from './daemon.ts';
import {freePort} from './freePort.ts';
import {checkout} from './layercache.ts';
import type {RegistryServer} from './registryServer.ts';
import type {Scope} from './scope.ts';
import {temporaryFolder} from './temporaryFolder.ts';
import {answers} from './until.ts';

/** Answers say in `X-Replica` which server they come from: `replica1`, `replica2`. */
export const startHaproxy = async (scope: Scope, addresses: readonly string[]): Promise<RegistryServer> => {
	const command = await tool('haproxy');
	const host = `127.0.0.1:${await freePort()}`;
	const url = `http://${host}`;
	const file = join(await temporaryFolder(scope, 'haproxy'), 'haproxy.cfg');
	await writeFile(file, configuration(await readFile(join(checkout, 'deploy/haproxy.cfg'), 'utf8'), host, addresses));
	const daemon = await startDaemon(scope, {
		name: 'haproxy',
		command,
		args: ['-db', '-f', file],
		isReady: answers(`${url}/readyz`),
	});
	return {...daemon, url, host};
};

const configuration = (documented: string, host: string, addresses: readonly string[]) =>
	[
		[/^ {4}bind :5000$/m, `    bind ${host}`],
		[/^backend layercache$/m, 'backend layercache\n    http-response set-header X-Replica %s'],
		...addresses.map(
			(address, index) => [new RegExp(`^    server replica${index + 1} .*$`, 'm'), `    server replica${index + 1} ${address}`] as const,
		),
	].reduce((text, [line, ours]) => {
		if (!(line as RegExp).test(text)) throw new Error(`deploy/haproxy.cfg has no line like ${line}`);
		return text.replace(line as RegExp, ours as string);
	}, documented);
