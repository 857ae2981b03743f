/** A network of one loopback device, in which every port is free: what a README says about port 5000 can be run as it stands. */
import {access} from 'node:fs/promises';
import {join} from 'node:path';
import {tool} from '../../../scripts/tools.ts';
import {startDaemon} from './daemon.ts';
import {exec} from './exec.ts';
import type {Scope} from './scope.ts';
import {temporaryFolder} from './temporaryFolder.ts';

export interface NetworkNamespace {
	/** The words to put before a command. */
	readonly enter: readonly [string, ...string[]];
	/** Whether an address in there answers with success. */
	answers(url: string): Promise<boolean>;
}

export const createNetworkNamespace = async (scope: Scope): Promise<NetworkNamespace> => {
	const busybox = await tool('busybox');
	const ready = join(await temporaryFolder(scope, 'network'), 'ready');
	const holder = await startDaemon(scope, {
		name: 'network',
		command: 'unshare',
		args: ['--net', 'sh', '-ec', '"$0" ip link set lo up; touch "$1"; exec sleep infinity', busybox, ready],
		isReady: () =>
			access(ready).then(
				() => true,
				() => false,
			),
	});
	const [command, ...args] = ['nsenter', `--net=/proc/${holder.pid}/ns/net`] as const;
	return {
		enter: [command, ...args],
		answers: async url => {
			const {exitCode} = await exec(command, [...args, busybox, 'wget', '-q', '-O', '/dev/null', url], {timeoutSeconds: 10});
			return exitCode === 0;
		},
	};
};
