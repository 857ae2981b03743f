/** A build by one of BuildKit's two clients, and what its log tells. */
import {env} from 'node:process';
import {tool} from '../../../scripts/tools.ts';
import type {Buildkitd} from './buildkitd.ts';
import {exec, succeed} from './exec.ts';

export interface BuildOptions {
	/** A folder with a Dockerfile. */
	readonly context: string;
	/** The stage to build; the last one where none is named. */
	readonly target?: string;
	/** In the words of `--cache-to`: `type=registry,ref=…,mode=max`. */
	readonly cacheTo?: readonly string[];
	readonly cacheFrom?: readonly string[];
	/** In the words of `--output`: `type=image,name=…,push=true`. Without one the builder need not fetch a cached result. */
	readonly outputs?: readonly string[];
	readonly timeoutSeconds?: number;
	/** For the client, beside where it looks for log-ins. */
	readonly env?: NodeJS.ProcessEnv;
}

export interface BuildResult {
	/** The only proof that an export succeeded: the log says "exporting … done" for one that failed, too. */
	readonly exitCode: number | null;
	readonly log: string;
	/** The words that RUN steps printed as "ran: word": what really ran, whatever the log calls CACHED. */
	readonly ran: readonly string[];
	/** The steps of the Dockerfile that the log names, as `[stage 2/3] RUN …`… */
	readonly steps: readonly string[];
	/** …and those of them that it calls CACHED. */
	readonly cached: readonly string[];
}

export type Build = (builder: Buildkitd, options: BuildOptions) => Promise<BuildResult>;

/** By buildctl, which speaks to the daemon directly. */
export const buildByBuildctl: Build = async (builder, options) => {
	const {context, target, cacheTo = [], cacheFrom = [], outputs = []} = options;
	const args = [
		...['--addr', builder.address, 'build', '--progress=plain', '--frontend=dockerfile.v0'],
		...[`--local=context=${context}`, `--local=dockerfile=${context}`],
		...(target ? [`--opt=target=${target}`] : []),
		...cacheTo.map(cache => `--export-cache=${cache}`),
		...cacheFrom.map(cache => `--import-cache=${cache}`),
		...outputs.map(output => `--output=${output}`),
	];
	const settings = {env: {...env, DOCKER_CONFIG: dockerConfig(builder), ...options.env}, timeoutSeconds: options.timeoutSeconds ?? 180};
	return readBuildLog(await exec(await tool('buildctl'), args, settings));
};

/** By buildx and its `remote` driver. */
export const buildByBuildx: Build = async (builder, options) => {
	const {context, target, cacheTo = [], cacheFrom = [], outputs = []} = options;
	const args = [
		...['build', '--builder', await buildxBuilder(builder), '--progress=plain'],
		...(target ? [`--target=${target}`] : []),
		...cacheTo.map(cache => `--cache-to=${cache}`),
		...cacheFrom.map(cache => `--cache-from=${cache}`),
		...outputs.map(output => `--output=${output}`),
		context,
	];
	const settings = {env: {...buildxEnv(builder), ...options.env}, timeoutSeconds: options.timeoutSeconds ?? 180};
	return readBuildLog(await exec(await tool('buildx'), args, settings));
};

/** Where both clients look for log-ins: never at those of whoever runs the tests. */
export const dockerConfig = (builder: Buildkitd): string => `${builder.folder}/docker`;

export const buildxEnv = (builder: Buildkitd): NodeJS.ProcessEnv => ({
	...env,
	BUILDX_CONFIG: `${builder.folder}/buildx`,
	DOCKER_CONFIG: dockerConfig(builder),
	DO_NOT_TRACK: '1',
});

const builderNames = new WeakMap<Buildkitd, Promise<string>>();

const buildxBuilder = (builder: Buildkitd): Promise<string> => {
	const known = builderNames.get(builder) ?? createBuildxBuilder(builder);
	builderNames.set(builder, known);
	return known;
};

export const createBuildxBuilder = async (builder: Buildkitd): Promise<string> => {
	const args = ['create', '--name=e2e', '--driver=remote', '--use', builder.address];
	await succeed(await tool('buildx'), args, {env: buildxEnv(builder)});
	return 'e2e';
};

export const readBuildLog = ({exitCode, output: log}: {exitCode: number | null; output: string}): BuildResult => {
	const names = new Map([...log.matchAll(/^#(\d+) (\[.+ \d+\/\d+\] .+)$/gm)].map(match => [match[1], match[2] ?? '']));
	const cached = [...log.matchAll(/^#(\d+) CACHED$/gm)].map(match => names.get(match[1]));
	return {
		exitCode,
		log,
		ran: [...log.matchAll(/^#\d+ \d+\.\d+ ran: (\S+)$/gm)].map(match => match[1] ?? ''),
		steps: [...names.values()],
		cached: cached.filter(name => name !== undefined),
	};
};
