/** layercache's image in a container, without privileges and on the machine's own network. */
import {readFile} from 'node:fs/promises';
import type {Dockerd} from './dockerd.ts';
import {freePort} from './freePort.ts';
import type {RegistryServer} from './registryServer.ts';
import type {Scope} from './scope.ts';
import {answers, until} from './until.ts';

export interface ContainerOptions {
	readonly image: string;
	/** Mounted where the image keeps its data. */
	readonly volume: string;
}

/** As deploy/compose.yaml runs it. */
export const unprivileged = ({volume}: ContainerOptions): string[] => [
	...['--network=host', '--read-only', '--cap-drop=ALL', '--security-opt=no-new-privileges'],
	`--volume=${volume}:/var/lib/layercache`,
	// The image listens on all addresses, and does not start before this is said.
	'--env=LAYERCACHE_AUTH=none',
];

export const startContainer = async (scope: Scope, {docker}: Dockerd, options: ContainerOptions): Promise<RegistryServer> => {
	const port = await freePort();
	const host = `127.0.0.1:${port}`;
	const url = `http://${host}`;
	const args = [...unprivileged(options), `--env=LAYERCACHE_PORT=${port}`, options.image];
	const id = (await docker('run', '--detach', ...args)).trim();
	scope.teardown(async () => void (await docker('rm', '--force', id)));
	const inspect = async (field: string) => (await docker('inspect', '--format', `{{.${field}}}`, id)).trim();
	// The daemon's file has both outputs as they came; `docker logs` parts them again.
	const log = async () => readFile(await inspect('LogPath'), 'utf8');
	await until('the container to answer', answers(`${url}/v2/`), {seconds: 60, explain: log});
	return {
		url,
		host,
		pid: Number(await inspect('State.Pid')),
		log,
		async stop() {
			await docker('stop', '--time=20', id);
			return Number(await inspect('State.ExitCode'));
		},
		async kill9() {
			await docker('kill', id);
		},
	};
};
