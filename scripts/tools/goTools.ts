/** Programs written in Go, built from their modules into `~/.cache/layercache/tools/<name>/<version>/<name>`. */
import {mkdir, mkdtemp, rename, rm, stat, writeFile} from 'node:fs/promises';
import {homedir, tmpdir} from 'node:os';
import {join} from 'node:path';
import {env, stderr} from 'node:process';
import {goCommand} from './goToolchain.ts';
import {run} from './run.ts';

interface GoTool {
	readonly module: string;
	/** The folder of the command inside its module. */
	readonly command: string;
	readonly version: string;
	/** What people call the version, where the module's own is a pseudo-version. */
	readonly release?: string;
	readonly ldflags?: string;
	readonly minutes: number;
	/** Built when a script asks for it, not with the rest. */
	readonly onDemand?: true;
}

const buildkit = {module: 'github.com/moby/buildkit', version: 'v0.33.0'} as const;
/** The last line of BuildKit that reads only the older form of a cache, and wants the digest from whoever answers its upload. */
const oldBuildkit = {module: 'github.com/moby/buildkit', version: 'v0.11.6'} as const;
const buildx = {module: 'github.com/docker/buildx', version: 'v0.36.1'} as const;

// BuildKit and buildx learn their version at linking time; unset, the user agent reads "buildkit/v0.0.0+unknown".
const stamped = ({module, version}: {module: string; version: string}) =>
	`-X ${module}/version.Version=${version} -X ${module}/version.Package=${module}`;

export const goTools = {
	buildkitd: {...buildkit, command: 'cmd/buildkitd', ldflags: stamped(buildkit), minutes: 4},
	buildctl: {...buildkit, command: 'cmd/buildctl', ldflags: stamped(buildkit), minutes: 1},
	'old-buildkitd': {...oldBuildkit, command: 'cmd/buildkitd', ldflags: stamped(oldBuildkit), minutes: 4},
	buildx: {...buildx, command: 'cmd/buildx', ldflags: stamped(buildx), minutes: 2},
	minio: {
		module: 'github.com/minio/minio',
		command: '',
		version: 'v0.0.0-20260212201848-7aac2a2c5b7c',
		release: '2026-02-12',
		minutes: 3,
	},
	versitygw: {module: 'github.com/versity/versitygw', command: 'cmd/versitygw', version: 'v1.8.0', minutes: 1},
	crane: {module: 'github.com/google/go-containerregistry', command: 'cmd/crane', version: 'v0.22.1', minutes: 1},
	regctl: {module: 'github.com/regclient/regclient', command: 'cmd/regctl', version: 'v0.11.7', minutes: 1},
	distribution: {
		module: 'github.com/distribution/distribution/v3',
		command: 'cmd/registry',
		version: 'v3.1.2',
		minutes: 2,
		onDemand: true,
	},
	olareg: {module: 'github.com/olareg/olareg', command: 'cmd/olareg', version: 'v0.1.2', minutes: 1, onDemand: true},
	toxiproxy: {
		module: 'github.com/Shopify/toxiproxy/v2',
		command: 'cmd/server',
		version: 'v2.5.0',
		minutes: 1,
		onDemand: true,
	},
} as const satisfies Record<string, GoTool>;

export type GoToolName = keyof typeof goTools;

export const isOnDemand = (name: string): boolean => {
	const tools: Record<string, GoTool> = goTools;
	return tools[name]?.onDemand ?? false;
};

export const buildGoTool = async (name: GoToolName): Promise<string> => {
	const tool: GoTool = goTools[name];
	const folder = join(toolsFolder(), name, tool.version);
	const binary = join(folder, name);
	if (await exists(binary)) return binary;
	const go = await goCommand();
	stderr.write(`building ${name} ${tool.release ?? tool.version} (once, about ${tool.minutes} min)\n`);
	await mkdir(join(toolsFolder(), name), {recursive: true});
	// Beside its final place, so that the rename stays in one file system and no half-built program is ever found.
	const fresh = await mkdtemp(join(toolsFolder(), name, '.building-'));
	try {
		await compile(go, tool, join(fresh, name));
		await renameUnlessThere(fresh, folder, binary);
	} finally {
		await rm(fresh, {recursive: true, force: true});
	}
	return binary;
};

/**
 * `go install pkg@version` refuses a module with replace directives (MinIO, older BuildKit); a small module that names
 * the command as its tool does not, and resolves to the same versions wherever it runs.
 */
const compile = async (go: string, tool: GoTool, output: string) => {
	const packagePath = tool.command ? `${tool.module}/${tool.command}` : tool.module;
	const work = await mkdtemp(join(tmpdir(), 'layercache-go-'));
	const options = {cwd: work, env: {...env, CGO_ENABLED: '0', GOFLAGS: '-mod=mod', GOWORK: 'off'}};
	try {
		await writeFile(join(work, 'go.mod'), 'module layercache.test/tools\n\ngo 1.24\n');
		await run(go, ['get', '-tool', `${packagePath}@${tool.version}`], options);
		const ldflags = `-s -w ${tool.ldflags ?? ''}`.trim();
		await run(go, ['build', '-trimpath', '-buildvcs=false', '-ldflags', ldflags, '-o', output, packagePath], options);
	} finally {
		await rm(work, {recursive: true, force: true});
	}
};

/** Another clone may have built the same in the meantime: its result is as good as ours. */
const renameUnlessThere = async (fresh: string, folder: string, binary: string) => {
	try {
		await rename(fresh, folder);
	} catch (error) {
		if (!(await exists(binary))) throw error;
	}
};

const toolsFolder = () => join(env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'layercache', 'tools');

const exists = (path: string) =>
	stat(path).then(
		() => true,
		() => false,
	);
