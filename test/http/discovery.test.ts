import test from 'ava';
import {digestOf, mediaTypes} from 'oci-spec-types';
import {startApp} from '../support/app.ts';
import {type Client, describe, encode, imageOf, location} from '../support/client.ts';

const config = describe('{}', mediaTypes.ociEmpty);
const image = imageOf(config, []);

const pushTags = async (client: Client, repo: string, tags: string[]) => {
	await client.pushBlob(repo, '{}');
	for (const tag of tags) t201(await client.putManifest(repo, tag, image));
};
const t201 = ({status, text}: {status: number; text: string}) => {
	if (status !== 201) throw new Error(text);
};

/** Follows Link headers from `path` to the end; the pages as JSON. */
const pages = async (client: Client, path: string) => {
	const found = [];
	for (let next: string | undefined = path; next !== undefined && found.length < 20; ) {
		const answer = await client.get(next);
		found.push(JSON.parse(answer.text));
		next = answer.headers.get('link')?.match(/^<(.+)>; ?rel="next"$/)?.[1];
	}
	return found;
};

test('tags are listed in byte order', async t => {
	const {client} = await startApp(t);
	await pushTags(client, 'ci/app', ['b', 'a', 'B', '_x', '1.0', 'a-1', 'a.1']);
	const {text, status} = await client.get('/v2/ci/app/tags/list');
	t.is(status, 200);
	t.deepEqual(JSON.parse(text), {name: 'ci/app', tags: ['1.0', 'B', '_x', 'a', 'a-1', 'a.1', 'b']});
});

test('tags come in pages that follow one another by Link', async t => {
	const {client} = await startApp(t);
	await pushTags(client, 'ci/app', ['a', 'b', 'c', 'd', 'e']);
	const found = await pages(client, '/v2/ci/app/tags/list?n=2');
	t.deepEqual(
		found.map(page => page.tags),
		[['a', 'b'], ['c', 'd'], ['e']],
	);
	t.deepEqual(
		(await pages(client, '/v2/ci/app/tags/list?last=c')).map(page => page.tags),
		[['d', 'e']],
	);
	t.deepEqual(
		(await pages(client, '/v2/ci/app/tags/list?n=5')).map(page => page.tags),
		[['a', 'b', 'c', 'd', 'e']],
	);
});

test('n=0 is an empty list without a Link', async t => {
	const {client} = await startApp(t);
	await pushTags(client, 'ci/app', ['a']);
	t.deepEqual(
		(await pages(client, '/v2/ci/app/tags/list?n=0')).map(page => page.tags),
		[[]],
	);
});

test('deleted tags are not listed', async t => {
	const {client} = await startApp(t);
	await pushTags(client, 'ci/app', ['a', 'b', 'c']);
	await client.delete('/v2/ci/app/manifests/b');
	t.deepEqual(
		(await pages(client, '/v2/ci/app/tags/list?n=1')).map(page => page.tags),
		[['a'], ['c']],
	);
});

test('the tags of a repository that does not exist are 404', async t => {
	const {client} = await startApp(t);
	t.like(await client.get('/v2/no/where/tags/list'), {status: 404, error: 'NAME_UNKNOWN'});
});

test('a repository with blobs but no tags has an empty list', async t => {
	const {client} = await startApp(t);
	await client.pushBlob('ci/app', 'bytes');
	t.deepEqual(JSON.parse((await client.get('/v2/ci/app/tags/list')).text).tags, []);
});

test('the catalog lists every repository once, nested ones too, in pages', async t => {
	const {client} = await startApp(t);
	const names = ['ci', 'ci/app', 'ci/app/deep/er', 'ci-a', 'ci0', '0ci', 'ci/0', 'zz/1', 'ci.a/b'];
	for (const name of names) await pushTags(client, name, ['main']);
	await client.pushBlob('only/blobs', 'bytes');
	const all = JSON.parse((await client.get('/v2/_catalog')).text).repositories;
	t.deepEqual([...all].sort(), [...names].sort());
	for (const n of [1, 2, 4]) {
		const found = await pages(client, `/v2/_catalog?n=${n}`);
		t.deepEqual(
			found.flatMap(page => page.repositories),
			all,
			`n=${n}`,
		);
		t.true(found.every(page => page.repositories.length <= n));
	}
});

test('referrers of a manifest are listed with what the spec asks for', async t => {
	const {client} = await startApp(t);
	await client.pushBlob('ci/app', '{}');
	await client.putManifest('ci/app', 'main', image);
	const subject = {mediaType: mediaTypes.ociManifest, digest: digestOf(Buffer.from(encode(image))), size: Buffer.byteLength(encode(image))};
	const sbom = imageOf(config, [], {subject, artifactType: 'application/vnd.example.sbom', annotations: {by: 'ci'}});
	const signature = imageOf({...config, mediaType: 'application/vnd.example.signature'}, [], {subject});
	const index = {schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests: [], subject, annotations: {kind: 'index'}};
	t.is((await client.putManifest('ci/app', digestOf(Buffer.from(encode(sbom))), sbom)).headers.get('oci-subject'), subject.digest);
	await client.putManifest('ci/app', digestOf(Buffer.from(encode(signature))), signature);
	await client.putManifest('ci/app', digestOf(Buffer.from(encode(index))), index, mediaTypes.ociIndex);

	const answer = await client.get(`/v2/ci/app/referrers/${subject.digest}`);
	t.is(answer.headers.get('content-type'), mediaTypes.ociIndex);
	const {manifests, schemaVersion, mediaType} = JSON.parse(answer.text);
	t.deepEqual({schemaVersion, mediaType}, {schemaVersion: 2, mediaType: mediaTypes.ociIndex});
	const types = manifests.map(({artifactType, annotations}: Record<string, unknown>) => ({artifactType, annotations}));
	t.is(types.length, 3);
	for (const expected of [
		{artifactType: 'application/vnd.example.sbom', annotations: {by: 'ci'}},
		{artifactType: 'application/vnd.example.signature', annotations: undefined},
		{artifactType: undefined, annotations: {kind: 'index'}},
	]) {
		t.true(
			types.some((found: typeof expected) => JSON.stringify(found) === JSON.stringify(expected)),
			JSON.stringify(expected),
		);
	}
});

test('referrers can be filtered by artifactType and paged, and vanish with their manifest', async t => {
	const {client} = await startApp(t);
	await client.pushBlob('ci/app', '{}');
	const subject = {mediaType: mediaTypes.ociManifest, digest: digestOf(Buffer.from('not pushed yet')), size: 14};
	const artifacts = ['a', 'b', 'a'].map((type, index) =>
		imageOf(config, [], {subject, artifactType: `application/${type}`, annotations: {index: String(index)}}),
	);
	const puts = [];
	for (const artifact of artifacts) puts.push(await client.putManifest('ci/app', digestOf(Buffer.from(encode(artifact))), artifact));
	const filtered = await client.get(`/v2/ci/app/referrers/${subject.digest}?artifactType=application/a`);
	t.is(filtered.headers.get('oci-filters-applied'), 'artifactType');
	t.is(JSON.parse(filtered.text).manifests.length, 2);
	const paged = await pages(client, `/v2/ci/app/referrers/${subject.digest}?artifactType=application/a&n=1`);
	t.deepEqual(
		paged.flatMap(page => page.manifests),
		JSON.parse(filtered.text).manifests,
	);
	t.is(paged.length, 2);

	for (const put of puts) await client.delete(location(put));
	t.deepEqual(JSON.parse((await client.get(`/v2/ci/app/referrers/${subject.digest}`)).text).manifests, []);
});

test('a page of referrers ends where it would outgrow a manifest, and the next goes on', async t => {
	const {client} = await startApp(t);
	await client.pushBlob('ci/app', '{}');
	const subject = {mediaType: mediaTypes.ociManifest, digest: digestOf(Buffer.from('subject')), size: 7};
	for (const index of [1, 2, 3]) {
		const artifact = imageOf(config, [], {subject, annotations: {index: String(index), long: 'x'.repeat(1.9 * 1024 * 1024)}});
		t201(await client.putManifest('ci/app', digestOf(Buffer.from(encode(artifact))), artifact));
	}
	const found = await pages(client, `/v2/ci/app/referrers/${subject.digest}`);
	t.deepEqual(
		found.map(page => page.manifests.length),
		[2, 1],
	);
});

test('a manifest that nobody refers to has an empty list of referrers', async t => {
	const {client} = await startApp(t);
	const answer = await client.get(`/v2/ci/app/referrers/${digestOf(Buffer.from('x'))}`);
	t.is(answer.status, 200);
	t.deepEqual(JSON.parse(answer.text).manifests, []);
});
