/** A Docker daemon of the test's own, without networks: it pulls, tags and pushes. */
import {join} from 'node:path';
import {env} from 'node:process';
import {tool} from '../../../scripts/tools.ts';
import {type Daemon, startDaemon} from './daemon.ts';
import {type ExecResult, exec, succeed} from './exec.ts';
import type {Scope} from './scope.ts';
import {temporaryFolder} from './temporaryFolder.ts';

export interface Dockerd extends Daemon {
	/** Runs the client; its standard output. Throws where the client fails. */
	docker(...args: string[]): Promise<string>;
	/** For calls that may fail. */
	attempt(...args: string[]): Promise<ExecResult>;
	/** The client's settings, with what `docker login` leaves there. */
	readonly config: string;
	/** For the client of this daemon, wherever it is run. */
	readonly env: {readonly DOCKER_HOST: string; readonly DOCKER_CONFIG: string};
}

export const startDockerd = async (scope: Scope): Promise<Dockerd> => {
	const [command, client] = [await tool('dockerd'), await tool('docker')];
	const folder = await temporaryFolder(scope, 'dockerd');
	const host = `unix://${join(folder, 'docker.sock')}`;
	const ofClient = {DOCKER_HOST: host, DOCKER_CONFIG: join(folder, 'config')};
	const clientEnv = {...env, ...ofClient};
	const daemon = await startDaemon(scope, {
		name: 'dockerd',
		command,
		// Plain HTTP to 127.0.0.0/8 is its default.
		args: [
			...['--iptables=false', '--ip6tables=false', '--bridge=none', '--host', host],
			...['--data-root', join(folder, 'data'), '--exec-root', join(folder, 'exec')],
			...['--pidfile', join(folder, 'docker.pid')],
		],
		env: {...env, TMPDIR: folder},
		isReady: async () => (await exec(client, ['version'], {env: clientEnv})).exitCode === 0,
		readySeconds: 60,
	});
	return {
		...daemon,
		docker: (...args) => succeed(client, args, {env: clientEnv}),
		attempt: (...args) => exec(client, args, {env: clientEnv}),
		config: ofClient.DOCKER_CONFIG,
		env: ofClient,
	};
};
