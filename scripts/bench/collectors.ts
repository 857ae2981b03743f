/** Two registries with the same content in two buckets, written as each of them keeps it, and their collectors, run as processes that are timed. */
import {spawn} from 'node:child_process';
import {createHash, randomBytes} from 'node:crypto';
import {once} from 'node:events';
import {writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import {env, execPath} from 'node:process';
import {fileURLToPath} from 'node:url';
import {mapParallel} from '../../src/lib/mapInOrder.ts';
import type {ObjectStore} from '../../src/storage/objectStore.ts';
import {createS3Store} from '../../src/storage/s3/s3Store.ts';
import type {S3Server} from '../../test/e2e/harness/s3Server.ts';
import type {Scope} from '../../test/e2e/harness/scope.ts';
import {temporaryFolder} from '../../test/e2e/harness/temporaryFolder.ts';
import {tool} from '../tools.ts';
import type {CollectedCycle, CollectOrder} from './collectOnce.ts';

export interface Content {
	readonly manifests: number;
	readonly layers: number;
	/** So many of the manifests have no tag. */
	readonly untagged: number;
}

/** The cycles that a process of layercache ran. `killAfterMs`: with -9. */
export const runCollector = async (
	{endpoint, accessKey, secretKey}: Pick<S3Server, 'endpoint' | 'accessKey' | 'secretKey'>,
	order: Omit<CollectOrder, 'endpoint' | 'accessKey' | 'secretKey'>,
	killAfterMs?: number,
): Promise<CollectedCycle[]> => {
	const script = fileURLToPath(new URL('collectOnce.ts', import.meta.url));
	const child = spawn(execPath, ['--max-semi-space-size=1', script, JSON.stringify({endpoint, accessKey, secretKey, ...order})], {
		stdio: ['ignore', 'pipe', 'inherit'],
		env: {...env, MALLOC_ARENA_MAX: '1'},
	});
	const killing = killAfterMs === undefined ? undefined : setTimeout(() => child.kill('SIGKILL'), killAfterMs);
	const [text, [code]] = await Promise.all([textOf(child.stdout), once(child, 'exit')]);
	clearTimeout(killing);
	if (code !== 0 && killAfterMs === undefined) throw new Error(`the collector ended with ${code}`);
	return text
		.split('\n')
		.filter(line => line !== '')
		.map(line => JSON.parse(line) as CollectedCycle);
};

/** Distribution's `garbage-collect`, which needs that nobody pushes meanwhile; in seconds. */
export const runDistributionGarbageCollect = async (scope: Scope, server: S3Server, bucket: string): Promise<number> => {
	const folder = await temporaryFolder(scope, 'distribution-gc');
	const file = join(folder, 'config.yml');
	const {region, endpoint: regionendpoint, accessKey: accesskey, secretKey: secretkey} = server;
	const s3 = {bucket, region, regionendpoint, accesskey, secretkey, forcepathstyle: true, secure: false};
	await writeFile(file, JSON.stringify({version: 0.1, storage: {s3, delete: {enabled: true}}}));
	const startedAt = performance.now();
	const child = spawn(await tool('distribution'), ['garbage-collect', '--delete-untagged', '--quiet', file], {
		stdio: ['ignore', 'ignore', 'pipe'],
		env: {...env, HOME: folder, OTEL_TRACES_EXPORTER: 'none'},
	});
	const [said, [code]] = await Promise.all([textOf(child.stderr), once(child, 'exit')]);
	if (code !== 0) throw new Error(`registry garbage-collect ended with ${code}: ${said.slice(-2000)}`);
	return (performance.now() - startedAt) / 1000;
};

/** The same blobs, manifests and tags in both layouts. */
export const fillBuckets = async (
	server: S3Server,
	buckets: {layercache: string; distribution: string},
	content: Content,
): Promise<void> => {
	const open = (bucket: string) =>
		createS3Store({
			...{bucket, endpoint: new URL(server.endpoint), region: server.region, forcePathStyle: true},
			credentials: {accessKeyId: server.accessKey, secretAccessKey: server.secretKey},
		});
	const [ours, theirs] = [open(buckets.layercache), open(buckets.distribution)];
	const put = (store: ObjectStore, key: string, bytes: string | Buffer, contentType?: string) =>
		store.write(key, Buffer.from(bytes), contentType ? {contentType} : {});
	const link = (digest: string) => `sha256:${digest}`;
	await mapParallel(Array(content.manifests).keys(), manifestsAtOnce, async at => {
		const blobs = Array.from({length: content.layers + 1}, () => randomBytes(blobBytes));
		for (const bytes of blobs) {
			const hex = hexOf(bytes);
			await put(ours, `repos/bench/_blobs/sha256/${hex.slice(0, 2)}/${hex}`, bytes);
			await put(theirs, `${theirRoot}/blobs/sha256/${hex.slice(0, 2)}/${hex}/data`, bytes);
			await put(theirs, `${theirRoot}/repositories/bench/_layers/sha256/${hex}/link`, link(hex));
		}
		const [config, ...layers] = blobs.map((bytes, index) => ({
			mediaType: index === 0 ? 'application/vnd.oci.image.config.v1+json' : 'application/vnd.oci.image.layer.v1.tar+gzip',
			digest: link(hexOf(bytes)),
			size: bytes.length,
		}));
		const manifest = Buffer.from(JSON.stringify({schemaVersion: 2, mediaType: manifestType, config, layers}));
		const hex = hexOf(manifest);
		await put(ours, `repos/bench/_manifests/sha256/${hex}`, manifest, manifestType);
		await put(theirs, `${theirRoot}/blobs/sha256/${hex.slice(0, 2)}/${hex}/data`, manifest);
		const repository = `${theirRoot}/repositories/bench/_manifests`;
		await put(theirs, `${repository}/revisions/sha256/${hex}/link`, link(hex));
		if (at < content.untagged) return;
		const facts = {digest: link(hex), mediaType: manifestType, size: manifest.length, previous: []};
		const tag = {...facts, pushedAt: '2026-01-01T00:00:00.000Z', nonce: hex};
		await put(ours, `repos/bench/_tags/tag-${at}`, JSON.stringify(tag), 'application/json');
		await put(theirs, `${repository}/tags/tag-${at}/current/link`, link(hex));
		await put(theirs, `${repository}/tags/tag-${at}/index/sha256/${hex}/link`, link(hex));
	});
	await Promise.all([ours.close(), theirs.close()]);
};

const manifestType = 'application/vnd.oci.image.manifest.v1+json';
const theirRoot = 'docker/registry/v2';
const blobBytes = 1000;
const manifestsAtOnce = 16;

const hexOf = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex');

const textOf = async (stream: AsyncIterable<Buffer>): Promise<string> => Buffer.concat(await Array.fromAsync(stream)).toString();
