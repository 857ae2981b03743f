/** A BuildKit daemon of the test's own. Every one starts on an emptied root: "the next machine in CI". */
import {mkdir, writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import {env} from 'node:process';
import {tool} from '../../../scripts/tools.ts';
import {type Daemon, startDaemon} from './daemon.ts';
import {exec, succeed} from './exec.ts';
import type {Scope} from './scope.ts';
import {removeTree, temporaryFolder} from './temporaryFolder.ts';

export interface BuildkitdOptions {
	/** Where it keeps its state; emptied first. */
	readonly root?: string;
	/**
	 * Added to buildkitd.toml. Registries on localhost and 127.0.0.0/8 need nothing here: BuildKit speaks plain HTTP to
	 * them unless `[registry."127.0.0.1:5000"]` says `http = false`. Any other plain-HTTP host needs `http = true`.
	 */
	readonly config?: string;
	/** Which BuildKit; `buildctl` is the same for both. */
	readonly program?: 'buildkitd' | 'old-buildkitd';
	/** The words before its command that put it into another network. */
	readonly enter?: readonly string[];
}

export interface Buildkitd extends Daemon {
	readonly address: string;
	/** Settings folders of clients that belong to this builder. */
	readonly folder: string;
	/** Drops every build result it has. */
	prune(): Promise<void>;
}

export const startBuildkitd = async (scope: Scope, options: BuildkitdOptions = {}): Promise<Buildkitd> => {
	const [command, buildctl, runc] = [await tool(options.program ?? 'buildkitd'), await tool('buildctl'), await tool('runc')];
	const folder = await temporaryFolder(scope, 'buildkitd');
	const root = options.root ?? join(folder, 'root');
	await removeTree(root);
	await mkdir(join(folder, 'tmp'));
	const address = `unix://${join(folder, 'buildkitd.sock')}`;
	const configFile = join(folder, 'buildkitd.toml');
	// Its telemetry socket has a fixed path by default, which two daemons would fight for.
	const otel = `[otel]\nsocketPath = ${JSON.stringify(join(folder, 'otel.sock'))}\n`;
	await writeFile(configFile, `${options.config ?? ''}\n${otel}`);
	const [program = command, ...words] = [...(options.enter ?? []), command];
	const daemon = await startDaemon(scope, {
		name: 'buildkitd',
		command: program,
		args: [
			...words,
			...['--config', configFile, '--root', root, '--addr', address],
			// "auto" takes overlayfs, and copies ("native") where the file system below cannot carry it.
			...['--oci-worker=true', '--oci-worker-snapshotter=auto', '--oci-worker-binary', runc],
			...['--containerd-worker=false', '--oci-worker-gc=false'],
		],
		env: {...env, TMPDIR: join(folder, 'tmp')},
		isReady: async () => (await exec(buildctl, ['--addr', address, 'debug', 'workers'])).exitCode === 0,
	});
	return {
		...daemon,
		address,
		folder,
		async prune() {
			await succeed(buildctl, ['--addr', address, 'prune', '--all']);
		},
	};
};
