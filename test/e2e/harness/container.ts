/** layercache's image in a container, without privileges and on the machine's own network. */
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
];

export const startContainer = async (scope: Scope, {docker}: Dockerd, options: ContainerOptions): Promise<RegistryServer> => {
	const port = await freePort();
	const host = `127.0.0.1:${port}`;
	const url = `http://${host}`;
	const args = [...unprivileged(options), `--env=LAYERCACHE_PORT=${port}`, options.image];
	const id = (await docker('run', '--detach', ...args)).trim();
	scope.teardown(async () => void (await docker('rm', '--force', id)));
	const inspect = async (field: string) => Number((await docker('inspect', '--format', `{{.State.${field}}}`, id)).trim());
	// A server logs to its standard output.
	const log = () => docker('logs', id);
	await until('the container to answer', answers(`${url}/v2/`), {seconds: 60, explain: log});
	return {
		url,
		host,
		pid: await inspect('Pid'),
		log,
		async stop() {
			await docker('stop', '--time=20', id);
			return inspect('ExitCode');
		},
		async kill9() {
			await docker('kill', id);
		},
	};
};
