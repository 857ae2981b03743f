/** The README's own lines, run exactly as they stand, in the order in which they stand. */
import {mkdir, readFile, symlink} from 'node:fs/promises';
import {delimiter, dirname, join} from 'node:path';
import test, {type ExecutionContext} from 'ava';
import {tool} from '../../scripts/tools.ts';
import {buildxEnv, createBuildxBuilder, readBuildLog} from './harness/build.ts';
import {type Buildkitd, startBuildkitd} from './harness/buildkitd.ts';
import {createContext} from './harness/context.ts';
import {startDaemon} from './harness/daemon.ts';
import {exec} from './harness/exec.ts';
import {checkout, environmentWithoutSettings} from './harness/layercache.ts';
import {type BlockKind, parseMarkedBlocks} from './harness/markedBlocks.ts';
import {createNetworkNamespace, type NetworkNamespace} from './harness/networkNamespace.ts';
import {temporaryFolder} from './harness/temporaryFolder.ts';

test('the marked blocks of the README do what they promise', async t => {
	t.timeout(300_000);
	const blocks = parseMarkedBlocks(await readFile(join(checkout, 'README.md'), 'utf8'));
	t.is(blocks[0]?.kind, 'serve');
	t.true(blocks.some(({kind}) => kind === 'build'));

	const network = await createNetworkNamespace(t);
	const env = {...environmentWithoutSettings(), LAYERCACHE_DISK_PATH: await temporaryFolder(t, 'data')};
	const {folder: context} = await createContext(t);
	let server: Awaited<ReturnType<typeof serve>> | undefined;
	const acts: Record<BlockKind, (script: string) => Promise<void>> = {
		async serve(script) {
			await server?.stop();
			server = await serve(t, {script, network, env});
		},
		async build(script) {
			const first = await runBuild(t, {script, network, context});
			t.true(first.ran.length > 0, first.log);
			const second = await runBuild(t, {script, network, context});
			t.deepEqual(second.ran, [], second.log);
		},
		async run(script) {
			const {exitCode, output} = await exec(network.enter[0], [...network.enter.slice(1), ...bash(script)], {cwd: checkout, env});
			t.is(exitCode, 0, output);
		},
	};
	for (const {kind, script} of blocks) await acts[kind](script);
});

const bash = (script: string) => ['bash', '-euo', 'pipefail', '-c', script];

const serve = (t: ExecutionContext, {script, network, env}: {script: string; network: NetworkNamespace; env: NodeJS.ProcessEnv}) =>
	startDaemon(t, {
		name: 'readme',
		command: network.enter[0],
		args: [...network.enter.slice(1), ...bash(script)],
		cwd: checkout,
		env,
		// bash and npm stand between us and the server.
		isGroup: true,
		isReady: () => network.answers('http://localhost:5000/readyz'),
		readySeconds: 60,
	});

/** On a builder of its own, which is the current one for `docker buildx`. */
const runBuild = async (t: ExecutionContext, {script, network, context}: {script: string; network: NetworkNamespace; context: string}) => {
	const builder = await startBuildkitd(t, {enter: network.enter});
	const env = {
		...buildxEnv(builder),
		BUILDX_BUILDER: await createBuildxBuilder(builder),
		BUILDKIT_PROGRESS: 'plain',
		PATH: `${await dockerWithBuildx(builder)}${delimiter}${process.env.PATH}`,
	};
	const result = await exec(network.enter[0], [...network.enter.slice(1), ...bash(script)], {cwd: context, env, timeoutSeconds: 120});
	t.is(result.exitCode, 0, result.output);
	return readBuildLog(result);
};

const dockerWithBuildx = async (builder: Buildkitd) => {
	const plugins = join(builder.folder, 'docker', 'cli-plugins');
	await mkdir(plugins, {recursive: true});
	await symlink(await tool('buildx'), join(plugins, 'docker-buildx'));
	return dirname(await tool('docker'));
};
