/** In front of ECR, which is played by a double of it in front of CNCF Distribution. */
import test, {type ExecutionContext} from 'ava';
import {type EcrDouble, type EcrDoubleOptions, startEcrDouble} from '../support/ecrDouble.ts';
import {buildByBuildx} from './harness/build.ts';
import {startBuildkitd} from './harness/buildkitd.ts';
import {cacheBuild, everyStepIsCached, fromRegistry} from './harness/cacheBuild.ts';
import {allSteps, createContext} from './harness/context.ts';
import {startDistribution} from './harness/distribution.ts';
import {startInFront} from './harness/inFront.ts';
import {getManifest, manifestStatus, sha256} from './harness/registryClient.ts';
import {disk} from './harness/storages.ts';
import {temporaryFolder} from './harness/temporaryFolder.ts';
import {until} from './harness/until.ts';

const start = async (
	t: ExecutionContext,
	{route = '', ecr = '', ...options}: Partial<EcrDoubleOptions> & {route?: string; ecr?: string} = {},
) => {
	const behind = await startDistribution(t, {kind: 'disk', folder: await temporaryFolder(t, 'behind-ecr')});
	const double = await startEcrDouble(t, {inner: behind.url, ...options});
	const {credentials, account, region, api} = double;
	const registry = await startInFront(t, {
		storage: await disk.create(t),
		upstream: `url: "${double.url}", ecr: {region: ${region}, account: "${account}", endpoint: "${api}"${ecr && `, ${ecr}`}}`,
		route,
		env: {AWS_ACCESS_KEY_ID: credentials.accessKeyId, AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey},
	});
	return {double, registry, ref: `${registry.host}/team/app`};
};

/** Past layercache, by a token of AWS. */
const askDirectly = async (double: EcrDouble, path: string, init: RequestInit = {}) => {
	const [password = ''] = [...double.tokens.keys()];
	const authorization = `Basic ${Buffer.from(`AWS:${password}`).toString('base64')}`;
	const answer = await fetch(`${double.url}/v2/${path}`, {...init, redirect: 'manual', headers: {...init.headers, authorization}});
	const location = answer.headers.get('location');
	// Its S3 takes no other credentials than those in the address.
	return answer.status === 307 && location ? fetch(location) : answer;
};

const manifestTypes = ['application/vnd.oci.image.manifest.v1+json', 'application/vnd.oci.image.index.v1+json'];
const readDirectly = async (double: EcrDouble, path: string): Promise<Buffer> => {
	const answer = await askDirectly(double, path, {headers: {Accept: manifestTypes.join(', ')}});
	if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`);
	return Buffer.from(await answer.arrayBuffer());
};

/** Of an image, or of the images of an index: each is read to its end, and is what it is called. */
const assertWhole = async (t: ExecutionContext, double: EcrDouble, digest: string): Promise<void> => {
	const bytes = await readDirectly(double, `team/app/manifests/${digest}`);
	t.is(sha256(bytes), digest);
	const {config, layers = [], manifests = []} = JSON.parse(bytes.toString());
	for (const blob of config ? [config, ...layers] : [])
		t.is(sha256(await readDirectly(double, `team/app/blobs/${blob.digest}`)), blob.digest);
	for (const child of manifests) await assertWhole(t, double, child.digest);
};

test('buildx pushes an image and a cache by one name: the image lies in ECR byte for byte, the cache only here, and no secret of AWS is anywhere else', async t => {
	t.timeout(240_000);
	const {double, registry, ref} = await start(t, {ecr: 'createRepositories: true'});
	const context = await createContext(t);
	for (const form of ['true', 'false']) {
		const first = await cacheBuild(t, {
			...{context, build: buildByBuildx},
			outputs: [`type=image,name=${ref}:v-${form},push=true`],
			cacheTo: [`type=registry,ref=${ref}:cache-${form},mode=max,image-manifest=${form}`],
		});
		t.deepEqual(first.ran, allSteps);
		const {digest} = await getManifest(registry, 'team/app', `v-${form}`);
		t.is(sha256(await readDirectly(double, `team/app/manifests/v-${form}`)), digest);
		await assertWhole(t, double, digest);
		t.is((await askDirectly(double, `team/app/manifests/cache-${form}`)).status, 404);
		await everyStepIsCached(t, {context, build: buildByBuildx, cacheFrom: fromRegistry(`${ref}:cache-${form}`), packed: first.packed});
		await context.writeSource(form === 'true' ? 2 : 3);
	}
	t.true(double.calls.includes('CreateRepository'));

	// What layercache takes, ECR itself refuses.
	const old = await getManifest(registry, 'team/app', 'cache-false');
	const body = JSON.stringify(old.document);
	const refused = await askDirectly(double, 'team/app/manifests/old', {method: 'PUT', body, headers: {'Content-Type': old.mediaType}});
	t.is(refused.status, 400);

	const secrets = [...double.tokens.keys(), double.credentials.secretAccessKey].flatMap(secret => [
		secret,
		Buffer.from(secret).toString('base64'),
		Buffer.from(`AWS:${secret}`).toString('base64'),
	]);
	t.true(secrets.length > 3);
	const metrics = await (await fetch(`${registry.url}/metrics`)).text();
	t.regex(metrics, /layercache_upstream_requests_total\{upstream="there"/);
	const missing = await (await fetch(`${registry.url}/v2/team/missing/manifests/v1`)).text();
	for (const [where, text] of Object.entries({log: await registry.log(), metrics, missing}))
		for (const secret of secrets) t.false(text.includes(secret), where);
	for (const {path, authorization} of double.requests) if (!path.startsWith('/v2/') && path !== '/') t.is(authorization, undefined, path);
});

test('what is only in ECR is read by the name here, its layers by a redirect that carries nothing of ours', async t => {
	t.timeout(180_000);
	const {double, registry, ref} = await start(t, {ecr: 'createRepositories: true'});
	const context = await createContext(t);
	await cacheBuild(t, {
		context,
		outputs: [`type=image,name=${ref}:1,push=true`],
		cacheTo: [`type=registry,ref=${ref}:cache,mode=max`],
	});
	const {document, digest} = await getManifest(registry, 'team/app', '1');
	// Another layercache, which has none of it.
	const {credentials, account, region, api} = double;
	const other = await startInFront(t, {
		storage: await disk.create(t),
		upstream: `url: "${double.url}", ecr: {region: ${region}, account: "${account}", endpoint: "${api}"}`,
		env: {AWS_ACCESS_KEY_ID: credentials.accessKeyId, AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey},
	});
	t.is((await getManifest(other, 'team/app', '1')).digest, digest);
	t.is(await manifestStatus(other, 'team/app', 'cache'), 404);
	const layers = document.layers ?? (await getManifest(other, 'team/app', String(document.manifests?.[0]?.digest))).document.layers ?? [];
	for (const layer of layers) {
		const answer = await fetch(`${other.url}/v2/team/app/blobs/${layer.digest}`, {redirect: 'manual'});
		const location = answer.headers.get('location');
		t.is(answer.status, layer.size >= 65_536 ? 307 : 200, layer.digest);
		if (location) for (const secret of double.tokens.keys()) t.false(location.includes(secret));
		const bytes = location ? await (await fetch(location)).arrayBuffer() : await answer.arrayBuffer();
		t.is(sha256(Buffer.from(bytes)), layer.digest);
	}
});

test('a cache handed over is imported from ECR by a plain BuildKit, and an immutable tag is told for what it is', async t => {
	t.timeout(180_000);
	const {double, registry, ref} = await start(t, {ecr: 'createRepositories: true', route: 'caches: both'});
	const context = await createContext(t);
	await cacheBuild(t, {context, cacheTo: [`type=registry,ref=${ref}:cache,mode=max,image-manifest=false`]});
	const readCache = () => readDirectly(double, 'team/app/manifests/cache').catch(() => undefined);
	await until('the cache to be there', async () => (await readCache()) !== undefined, {explain: registry.log});
	const there = JSON.parse(String(await readCache()));
	t.is(there.mediaType, 'application/vnd.oci.image.manifest.v1+json');
	t.is(there.config.mediaType, 'application/vnd.buildkit.cacheconfig.v0');

	double.repositories.set('team/app', {isImmutable: true});
	await cacheBuild(t, {context, outputs: [`type=image,name=${ref}:1,push=true`]});
	await context.writeSource(2);
	const outputs = [`type=image,name=${ref}:1,push=true`];
	const second = await buildByBuildx(await startBuildkitd(t), {context: context.folder, outputs});
	t.not(second.exitCode, 0);
	t.regex(second.log, /tags of that repository are immutable: push another tag/);
});
