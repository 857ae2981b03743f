/** Writes test/unit/fixtures: caches that a real BuildKit exports, of a small build in two editions, in each of its forms. */
import {mkdir, writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import {fileURLToPath} from 'node:url';
import {GetObjectCommand} from '@aws-sdk/client-s3';
import {buildByBuildctl} from '../test/e2e/harness/build.ts';
import {startBuildkitd} from '../test/e2e/harness/buildkitd.ts';
import {type Context, createContext} from '../test/e2e/harness/context.ts';
import {startLayercache} from '../test/e2e/harness/layercache.ts';
import {startMinio} from '../test/e2e/harness/minio.ts';
import {createScope, type Scope} from '../test/e2e/harness/scope.ts';

const folder = fileURLToPath(new URL('../test/unit/fixtures', import.meta.url));

const main = async (scope: Scope): Promise<void> => {
	const [server, context] = [await startMinio(scope), await createContext(scope, {bigBytes: 10_000})];
	const [bucket, run] = [await server.createBucket(), build(scope, context)];
	const {url, host} = await startLayercache(scope, {storage: {kind: 's3', server, bucket}});
	const ref = (tag: string) => `type=registry,ref=${host}/app:${tag},mode=max`;
	const s3 = [
		...['type=s3', `bucket=${bucket}`, 'region=us-east-1', `endpoint_url=${server.endpoint}`, 'use_path_style=true', 'mode=max'],
		...[`access_key_id=${server.accessKey}`, `secret_access_key=${server.secretKey}`, 'prefix=old/', 'name=main'],
	].join();

	await run({
		caches: [ref('main'), `${ref('index')},image-manifest=false`, `${ref('docker')},image-manifest=false,oci-mediatypes=false`, s3],
	});
	await run({caches: ['type=inline'], outputs: [`type=image,name=${host}/app:image,push=true`]});
	await context.writeSource(2);
	await run({caches: [ref('branch')]});

	await mkdir(folder, {recursive: true});
	for (const tag of ['main', 'branch', 'index', 'docker', 'image']) await save(`${url}/v2/app`, tag);
	const object = await server.client().send(new GetObjectCommand({Bucket: bucket, Key: 'old/manifests/main'}));
	await writeFile(join(folder, 'typeS3.json'), (await object.Body?.transformToByteArray()) ?? '');
};

const build =
	(scope: Scope, context: Context) =>
	async ({caches, outputs = []}: {caches: string[]; outputs?: string[]}) => {
		// On a builder of its own each, as in CI: what ran twice has two results.
		const builder = await startBuildkitd(scope);
		const {exitCode, log} = await buildByBuildctl(builder, {context: context.folder, cacheTo: caches, outputs});
		if (exitCode !== 0) throw new Error(log);
		await builder.stop();
	};

const save = async (repository: string, tag: string) => {
	const manifest = await (await fetch(`${repository}/manifests/${tag}`)).text();
	const {config, manifests = []} = JSON.parse(manifest);
	const {digest} = config ?? manifests.at(-1);
	await writeFile(join(folder, `${tag}.manifest.json`), manifest);
	await writeFile(join(folder, `${tag}.config.json`), await (await fetch(`${repository}/blobs/${digest}`)).text());
};

const scope = createScope();
try {
	await main(scope);
} finally {
	await scope.end();
}
