/** deploy/Dockerfile: built without pulling anything, and run as deploy/compose.yaml runs it. */
import {readFile} from 'node:fs/promises';
import {join} from 'node:path';
import test, {type ExecutionContext} from 'ava';
import {tool} from '../../scripts/tools.ts';
import {createBaseImage} from './harness/baseImage.ts';
import {buildxEnv, createBuildxBuilder} from './harness/build.ts';
import {startBuildkitd} from './harness/buildkitd.ts';
import {startContainer, unprivileged} from './harness/container.ts';
import {startDockerd} from './harness/dockerd.ts';
import {exec} from './harness/exec.ts';
import {checkout} from './harness/layercache.ts';
import {createPush, push, readBlob, readManifest} from './harness/pushClient.ts';
import {createRandom} from './harness/random.ts';
import {temporaryFolder} from './harness/temporaryFolder.ts';

test('the image, built on Debian packages and the Node of npm, serves /v2/ as an unprivileged user and keeps its volume', async t => {
	t.timeout(600_000);
	const archive = await buildImage(t);
	const dockerd = await startDockerd(t);
	await dockerd.docker('load', '--input', archive);
	const options = {image: 'layercache', volume: 'layercache'};
	t.regex(await dockerd.docker('run', '--rm', ...unprivileged(options), options.image, 'doctor'), /^ok +round trip:/m);

	const first = await startContainer(t, dockerd, options);
	t.is((await fetch(`${first.url}/v2/`)).status, 200);
	t.like(await processStatus(first.pid), {Uid: '65532', Gid: '65532', CapEff: '0000000000000000'});
	const pushed = createPush('team/app', 'cache', [createRandom().bytes(3_000_000)]);
	await push(first, pushed);
	t.is(await first.stop(), 0, await first.log());

	const second = await startContainer(t, dockerd, options);
	t.is(await readManifest(second, pushed), 'whole');
	for (const digest of pushed.blobs.keys()) t.is(await readBlob(second, pushed.repository, digest), 'whole');
	t.is(await second.stop(), 0, await second.log());
});

/** By the command at the head of the file, with a base of our own. Uncompressed: nothing here travels. */
const buildImage = async (t: ExecutionContext) => {
	const [builder, base] = [await startBuildkitd(t), await createBaseImage(t)];
	const archive = join(await temporaryFolder(t, 'image'), 'image.tar');
	const args = [
		...['build', '--builder', await createBuildxBuilder(builder), '--progress=plain'],
		...['--build-arg=BASE=base', `--build-context=base=${base.folder}`, `--secret=id=npmrc,src=${base.npmrc}`],
		...[`--output=type=docker,dest=${archive},compression=uncompressed`],
		...['-f', 'deploy/Dockerfile', '-t', 'layercache', '.'],
	];
	const {exitCode, output} = await exec(await tool('buildx'), args, {cwd: checkout, env: buildxEnv(builder), timeoutSeconds: 420});
	t.is(exitCode, 0, output);
	return archive;
};

/** The first word of each line of /proc/…/status. */
const processStatus = async (pid: number) => {
	const lines = (await readFile(`/proc/${pid}/status`, 'utf8')).trim().split('\n');
	return Object.fromEntries(lines.map(line => line.split(/:?\s+/)));
};
