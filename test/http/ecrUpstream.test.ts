/** Amazon ECR as an upstream: tokens, repositories, and what it takes and does not take. */
import {inspect} from 'node:util';
import test from 'ava';
import {digestOf, mediaTypes, parseTag} from 'oci-spec-types';
import {UpstreamFailure} from '../../src/upstream/upstream.ts';
import {pushImage, putBytes} from '../contract/registry/support.ts';
import {bodyOf, collect, someBytes} from '../support/bytes.ts';
import {cacheOf} from '../support/caches.ts';
import {repo, startEcr} from '../support/ecrUpstream.ts';

const v1 = parseTag('v1');
const mutable = {isImmutable: false};

test('an image is pushed and read back, its layers from a storage that takes no credentials', async t => {
	const {double, registry} = await startEcr(t);
	double.repositories.set(repo, mutable);
	const {digest} = await pushImage(registry, repo, 'word', [v1]);
	t.is((await registry.getManifest(repo, v1)).digest, digest);
	const layer = digestOf(Buffer.from('the layer of word'));
	t.is((await collect((await registry.readBlob(repo, layer)).body)).toString(), 'the layer of word');
	const url = await registry.locateBlob(repo, layer);
	t.is(await (await fetch(url ?? '')).text(), 'the layer of word');
	t.true(double.requests.some(({authorization}) => authorization?.startsWith('Basic ')));
});

test('one token is asked for by all who need one, and renewed long before it ends', async t => {
	const {double, registry, time, tokenCalls} = await startEcr(t);
	double.repositories.set(repo, mutable);
	await Promise.all(Array.from({length: 20}, () => registry.readTag(repo, v1)));
	t.is(tokenCalls(), 1);
	time.ms += 5 * 3_600_000;
	await registry.readTag(repo, v1);
	t.is(tokenCalls(), 1);
	time.ms += 2 * 3_600_000;
	await registry.readTag(repo, v1);
	t.is(tokenCalls(), 2);
	time.ms += 12 * 3_600_000;
	t.deepEqual(await registry.readTag(repo, v1), []);
	t.is(tokenCalls(), 3);
});

test('a token that ends before its time is replaced, and the request goes on', async t => {
	const {double, registry, time, tokenCalls} = await startEcr(t);
	double.repositories.set(repo, mutable);
	await registry.readTag(repo, v1);
	for (const token of double.tokens.keys()) double.tokens.set(token, new Date(0));
	time.ms += 60_000;
	const {digest} = await pushImage(registry, repo, 'late', [v1]);
	t.is((await registry.getManifest(repo, v1)).digest, digest);
	t.is(tokenCalls(), 2);
});

test('a repository that is missing is created once for all blobs of a push, where that is set', async t => {
	const {double, registry} = await startEcr(t, {ecr: {createRepositories: true}});
	await Promise.all(['a', 'b', 'c', 'd'].map(word => putBytes(registry, repo, word)));
	await pushImage(registry, repo, 'word', [v1]);
	t.deepEqual([...double.repositories], [[repo, mutable]]);
	t.is(double.calls.filter(call => call === 'CreateRepository').length, 1);
});

test('a repository that is missing is told as that where nobody is to create it', async t => {
	const {double, registry} = await startEcr(t);
	const error = await t.throwsAsync(putBytes(registry, repo, 'a'), {instanceOf: UpstreamFailure});
	t.like(error, {code: 'NAME_UNKNOWN', host: double.host});
	t.true(error.message.startsWith(`${double.host} has no repository team/app: create it`), error.message);
	t.false(double.calls.includes('CreateRepository'));
	// To a reader it is no more than empty.
	t.deepEqual(await registry.readTag(repo, v1), []);
	t.deepEqual(await registry.statBlobs(repo, [digestOf(Buffer.from('a'))]), new Map());
});

for (const call of ['GetAuthorizationToken', 'CreateRepository'])
	test(`what AWS denies is told without what it says: ${call}`, async t => {
		const {double, registry} = await startEcr(t, {ecr: {createRepositories: true}});
		double.denied.add(call);
		const error = await t.throwsAsync(putBytes(registry, repo, 'a'), {instanceOf: UpstreamFailure});
		t.regex(error.message, new RegExp(`ecr:${call} in eu-test-1: AccessDeniedException`));
		for (const secret of [double.credentials.secretAccessKey, 'arn:aws', ...double.tokens.keys()])
			t.false(inspect(error, {depth: 10}).includes(secret));
	});

test('a tag that does not move is told as that, and is no obstacle to the manifest that it has', async t => {
	const {double, registry, behind} = await startEcr(t);
	double.repositories.set(repo, {isImmutable: true});
	const {digest} = await pushImage(registry, repo, 'first', [v1]);
	t.is((await pushImage(registry, repo, 'first', [v1])).digest, digest);
	const error = await t.throwsAsync(pushImage(registry, repo, 'second', [v1]), {instanceOf: UpstreamFailure});
	t.like(error, {code: 'TAG_INVALID', status: 400});
	t.regex(error.message, /the tags of that repository are immutable: push another tag/);
	t.is((await behind.getManifest(repo, v1)).digest, digest);
});

test('forty manifests are put no faster than ECR takes them', async t => {
	const {double, registry, time} = await startEcr(t);
	double.repositories.set(repo, mutable);
	const startedAt = time.ms;
	await pushImage(registry, repo, 'many', []);
	const {bytes} = await registry.getManifest(repo, (await pushImage(registry, repo, 'many', [])).digest);
	const tags = Array.from({length: 40}, (_, at) => parseTag(`t${at}`));
	for (const tag of tags) await registry.putManifest(repo, {bytes, mediaType: mediaTypes.ociManifest}, {tags: [tag]});
	t.is(double.throttled, 0);
	t.true(time.ms - startedAt >= 4000);
});

test('what others have used up of a rate is waited for', async t => {
	const {double, registry} = await startEcr(t, {rates: {InitiateLayerUpload: 2}});
	double.repositories.set(repo, mutable);
	await Promise.all(Array.from({length: 10}, (_, at) => putBytes(registry, repo, `blob ${at}`)));
	t.true(double.throttled > 0);
});

test('a cache in the old form is refused by ECR itself, and one in the form of an image is taken', async t => {
	const {double, registry} = await startEcr(t);
	double.repositories.set(repo, mutable);
	for (const blob of ['the layer of a step', cacheOf(['a step']).config]) await putBytes(registry, repo, blob);
	const put = (form: 'index' | 'manifest') => {
		const {manifest: bytes, mediaType} = cacheOf(['a step'], {form});
		return registry.putManifest(repo, {bytes: Buffer.from(bytes), mediaType}, {tags: [parseTag('cache')]});
	};
	t.like(await t.throwsAsync(put('index')), {code: 'MANIFEST_INVALID', status: 400});
	t.is((await put('manifest')).missing.length, 0);
});

test('no chunk is ever sent to it, nor a mount', async t => {
	const {double, registry} = await startEcr(t);
	double.repositories.set(repo, mutable);
	const bytes = someBytes(100_000);
	const upload = await registry.startUpload(repo);
	await t.throwsAsync(registry.appendUpload(repo, upload, {body: bodyOf(bytes), size: 100_000}), {message: /only whole blobs/});
	await registry.putBlob(repo, digestOf(bytes), bodyOf(bytes), 100_000);
	t.false(await registry.mountBlob(repo, digestOf(bytes), repo));
	t.false(double.requests.some(({method, path}) => method === 'PATCH' || path.includes('mount=')));
});

test('what is asked of it is in the metrics, and who we are is not', async t => {
	const {double, registry, metrics} = await startEcr(t);
	double.repositories.set(repo, mutable);
	await pushImage(registry, repo, 'counted', [v1]);
	const text = await metrics.text();
	t.regex(text, /layercache_upstream_requests_total\{upstream="ecr",operation="putManifest",status="201"\} 1/);
	t.regex(text, /layercache_upstream_bytes_total\{upstream="ecr",direction="sent"\} \d+/);
	for (const secret of [double.credentials.secretAccessKey, ...double.tokens.keys()]) t.false(text.includes(secret));
});
