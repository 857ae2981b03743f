/** Builds that must succeed, each on a builder that has nothing unless one is given. */
import {readFile} from 'node:fs/promises';
import {join} from 'node:path';
import type {ExecutionContext} from 'ava';
import {type Build, type BuildResult, buildByBuildctl} from './build.ts';
import {type Buildkitd, startBuildkitd} from './buildkitd.ts';
import type {Context} from './context.ts';
import {temporaryFolder} from './temporaryFolder.ts';

export interface CacheBuildOptions {
	readonly context: Context;
	readonly cacheTo?: readonly string[];
	readonly cacheFrom?: readonly string[];
	readonly outputs?: readonly string[];
	readonly builder?: Buildkitd;
	readonly build?: Build;
}

export interface CacheBuild extends BuildResult {
	readonly builder: Buildkitd;
	/** Made of the source and of a digest over random bytes: equal only if nothing before it ran again. */
	readonly packed: string;
}

/** Fetches the result to the last byte. */
export const cacheBuild = async (t: ExecutionContext, options: CacheBuildOptions): Promise<CacheBuild> => {
	const {context, build = buildByBuildctl, outputs = [], ...rest} = options;
	const builder = options.builder ?? (await startBuildkitd(t));
	const files = await temporaryFolder(t, 'files');
	const result = await build(builder, {...rest, context: context.folder, outputs: [...outputs, `type=local,dest=${files}`]});
	t.is(result.exitCode, 0, result.log);
	return {...result, ran: [...result.ran].sort(), builder, packed: await readFile(join(files, 'packed'), 'utf8')};
};

/** On an empty builder every step must be CACHED and none may run; then what the cache brings must be what was built. */
export const everyStepIsCached = async (
	t: ExecutionContext,
	options: Required<Pick<CacheBuildOptions, 'context' | 'cacheFrom'>> & Pick<CacheBuildOptions, 'build'> & {packed: string},
): Promise<void> => {
	const {context, cacheFrom, build = buildByBuildctl} = options;
	const builder = await startBuildkitd(t);
	// Without an output nothing is fetched: a step that is fetched is logged as "extracting" where it stood as CACHED.
	const {exitCode, log, steps, cached, ran} = await build(builder, {context: context.folder, cacheFrom});
	t.is(exitCode, 0, log);
	t.deepEqual(ran, []);
	t.true(steps.length > 0);
	t.deepEqual([...cached].sort(), [...steps].sort(), log);

	const fetched = await cacheBuild(t, {...options, builder});
	t.deepEqual(fetched.ran, []);
	t.is(fetched.packed, options.packed);
};

export const fromRegistry = (...refs: string[]): string[] => refs.map(ref => `type=registry,ref=${ref}`);
