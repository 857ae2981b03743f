/** Programs that come as Debian packages. */
import {access, constants} from 'node:fs/promises';
import {env, getuid, stderr} from 'node:process';
import {run} from './run.ts';

interface DebianTool {
	readonly package: string;
	/** Asked by path: a `docker` without its daemon may already be first on the PATH. */
	readonly path: string;
}

export const debianTools = {
	runc: {package: 'runc', path: '/usr/sbin/runc'},
	skopeo: {package: 'skopeo', path: '/usr/bin/skopeo'},
	docker: {package: 'docker.io', path: '/usr/bin/docker'},
	dockerd: {package: 'docker.io', path: '/usr/sbin/dockerd'},
	haproxy: {package: 'haproxy', path: '/usr/sbin/haproxy'},
	wrk: {package: 'wrk', path: '/usr/bin/wrk'},
	chromium: {package: 'chromium', path: '/usr/bin/chromium'},
	busybox: {package: 'busybox-static', path: '/bin/busybox'},
} as const satisfies Record<string, DebianTool>;

export type DebianToolName = keyof typeof debianTools;

export const debianTool = async (name: DebianToolName): Promise<string> => {
	const {path, package: packageName} = debianTools[name];
	if (!(await isExecutable(path))) await installDebian([packageName]);
	await access(path, constants.X_OK);
	return path;
};

export const installDebian = async (packages: readonly string[]): Promise<void> => {
	const list = packages.join(' ');
	if (getuid?.() !== 0) throw new Error(`The end-to-end run needs ${list}: run it as root, or first: sudo apt-get install ${list}`);
	stderr.write(`installing ${list} (once)\n`);
	updated ??= apt('update', '-q');
	await updated;
	await apt('install', '-y', '-q', '--no-install-recommends', ...packages);
};

/** The files of packages, which are installed where they are not. */
export const debianFiles = async (packages: readonly string[]): Promise<string[]> => {
	const list = () => run('dpkg-query', ['--listfiles', ...packages]);
	const listed = await list().catch(async () => {
		await installDebian(packages);
		return list();
	});
	return listed.split('\n').filter(line => line.startsWith('/'));
};

let updated: Promise<string> | undefined;

const apt = (...args: string[]) =>
	run('apt-get', ['-o', 'DPkg::Lock::Timeout=300', ...args], {
		// A package that starts its service on installation would start a dockerd of its own.
		env: {...env, DEBIAN_FRONTEND: 'noninteractive', RUNLEVEL: '1'},
		timeoutSeconds: 600,
	});

const isExecutable = (path: string) =>
	access(path, constants.X_OK).then(
		() => true,
		() => false,
	);
