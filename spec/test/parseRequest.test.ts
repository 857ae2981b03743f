/** parseRequest.ts against the distribution-spec's "Endpoints" and the bad input that a registry must refuse. */
import test from 'ava';
import {digestOf, emptyDigest, type OciRequest, parseRepositoryName, parseRequest, parseTag, parseUploadId} from '../src/index.ts';

const digest = emptyDigest;
const sha512 = digestOf(new Uint8Array(), 'sha512');
const repo = parseRepositoryName('team/app');
const from = parseRepositoryName('other/base');
const tag = parseTag('v1');
const id = '017f22e2-79b0-7cc3-98c4-dc0c0c07398f';
const upload = parseUploadId(id);
const page = {};

const parse = (line: string) => {
	const [method = '', ...path] = line.split(' ');
	return parseRequest(method, new URL(path.join(' '), 'http://registry'));
};

const endpoints: readonly (readonly [line: string, request: OciRequest])[] = [
	// end-1
	['GET /v2/', {kind: 'ping'}],
	['GET /v2', {kind: 'ping'}],
	['HEAD /v2/', {kind: 'ping'}],
	// end-2
	[`GET /v2/team/app/blobs/${digest}`, {kind: 'blob.get', repo, digest}],
	[`HEAD /v2/team/app/blobs/${digest}`, {kind: 'blob.head', repo, digest}],
	[`GET /v2/team/app/blobs/${sha512}`, {kind: 'blob.get', repo, digest: sha512}],
	// end-3
	['GET /v2/team/app/manifests/v1', {kind: 'manifest.get', repo, reference: tag}],
	['HEAD /v2/team/app/manifests/v1', {kind: 'manifest.head', repo, reference: tag}],
	[`GET /v2/team/app/manifests/${digest}`, {kind: 'manifest.get', repo, reference: digest}],
	// end-4a
	['POST /v2/team/app/blobs/uploads/', {kind: 'upload.start', repo}],
	['POST /v2/team/app/blobs/uploads', {kind: 'upload.start', repo}],
	// end-4b
	[`POST /v2/team/app/blobs/uploads/?digest=${digest}`, {kind: 'upload.whole', repo, digest}],
	// end-4c
	['POST /v2/team/app/blobs/uploads/?digest-algorithm=sha512', {kind: 'upload.start', repo, algorithm: 'sha512'}],
	// end-5
	[`PATCH /v2/team/app/blobs/uploads/${id}`, {kind: 'upload.append', repo, upload}],
	[`PATCH /v2/team/app/blobs/uploads/${id}?size=10`, {kind: 'upload.append', repo, upload, size: 10}],
	// end-6, as containerd writes it: keys sorted, the digest encoded
	[
		`PUT /v2/team/app/blobs/uploads/${id}?digest=${encodeURIComponent(digest)}&size=10`,
		{kind: 'upload.finish', repo, upload, digest, size: 10},
	],
	[`PUT /v2/team/app/blobs/uploads/${id}?digest=${digest}`, {kind: 'upload.finish', repo, upload, digest}],
	// end-7a
	['PUT /v2/team/app/manifests/v1', {kind: 'manifest.put', repo, reference: tag, tags: [tag]}],
	[`PUT /v2/team/app/manifests/${digest}`, {kind: 'manifest.put', repo, reference: digest, tags: []}],
	// end-7b
	[
		`PUT /v2/team/app/manifests/${digest}?tag=1.2.3&tag=1.2&tag=1&tag=latest`,
		{kind: 'manifest.put', repo, reference: digest, tags: ['1.2.3', '1.2', '1', 'latest'].map(parseTag)},
	],
	[`PUT /v2/team/app/manifests/${digest}?tag=v1&tag=v1`, {kind: 'manifest.put', repo, reference: digest, tags: [tag]}],
	// "When pushing a manifest by digest": tags of a push by tag are not spoken of
	['PUT /v2/team/app/manifests/v1?tag=v2', {kind: 'manifest.put', repo, reference: tag, tags: [tag]}],
	// end-8a, end-8b
	['GET /v2/team/app/tags/list', {kind: 'tags.list', repo, page}],
	['GET /v2/team/app/tags/list?n=10&last=v1', {kind: 'tags.list', repo, page: {n: 10, last: 'v1'}}],
	// end-9
	['DELETE /v2/team/app/manifests/v1', {kind: 'tag.delete', repo, tag}],
	[`DELETE /v2/team/app/manifests/${digest}`, {kind: 'manifest.delete', repo, digest}],
	// end-10
	[`DELETE /v2/team/app/blobs/${digest}`, {kind: 'blob.delete', repo, digest}],
	// end-11
	[`POST /v2/team/app/blobs/uploads/?mount=${digest}&from=other/base`, {kind: 'upload.mount', repo, digest, from}],
	[`POST /v2/team/app/blobs/uploads/?from=other%2Fbase&mount=${encodeURIComponent(digest)}`, {kind: 'upload.mount', repo, digest, from}],
	// "The registry MAY treat the `from` parameter as optional"
	[`POST /v2/team/app/blobs/uploads/?mount=${digest}`, {kind: 'upload.mount', repo, digest}],
	[`POST /v2/team/app/blobs/uploads/?mount=${digest}&from=../Other`, {kind: 'upload.mount', repo, digest}],
	[`POST /v2/team/app/blobs/uploads/?mount=${digest}&from=`, {kind: 'upload.mount', repo, digest}],
	// end-12a, end-12b
	[`GET /v2/team/app/referrers/${digest}`, {kind: 'referrers.list', repo, digest, page}],
	[
		`GET /v2/team/app/referrers/${digest}?artifactType=application/vnd.example.sbom.v1`,
		{kind: 'referrers.list', repo, digest, artifactType: 'application/vnd.example.sbom.v1', page},
	],
	[
		`GET /v2/team/app/referrers/${digest}?artifactType=application/a+json&n=5`,
		{kind: 'referrers.list', repo, digest, artifactType: 'application/a+json', page: {n: 5}},
	],
	[
		`GET /v2/team/app/referrers/${digest}?artifactType=application/a%2Bjson`,
		{kind: 'referrers.list', repo, digest, artifactType: 'application/a+json', page},
	],
	[`GET /v2/team/app/referrers/${digest}?artifactType=`, {kind: 'referrers.list', repo, digest, page}],
	// end-13, also after a failed PUT, whose query is still there
	[`GET /v2/team/app/blobs/uploads/${id}`, {kind: 'upload.status', repo, upload}],
	[`GET /v2/team/app/blobs/uploads/${id}?digest=${digest}&size=3`, {kind: 'upload.status', repo, upload}],
	// end-14
	[`DELETE /v2/team/app/blobs/uploads/${id}`, {kind: 'upload.cancel', repo, upload}],
	// CNCF Distribution
	['GET /v2/_catalog', {kind: 'catalog.list', page}],
	['GET /v2/_catalog?n=100&last=team/app', {kind: 'catalog.list', page: {n: 100, last: 'team/app'}}],
	// "A registry MAY choose to ignore the `ns` query parameter."
	[`GET /v2/team/app/blobs/${digest}?ns=docker.io`, {kind: 'blob.get', repo, digest}],
	['GET /v2/team/app/manifests/v1?ns=docker.io', {kind: 'manifest.get', repo, reference: tag}],
	// encoded once
	[`GET /v2/team%2Fapp/blobs/${encodeURIComponent(digest)}`, {kind: 'blob.get', repo, digest}],
	['GET /v2/%74eam/app/manifests/%761', {kind: 'manifest.get', repo, reference: tag}],
	// what a URL parser makes of dots stays within /v2
	['GET /v2/x/../team/app/manifests/v1', {kind: 'manifest.get', repo, reference: tag}],
];
for (const [line, request] of endpoints) test(line, t => t.deepEqual(parse(line), request));

// Names that contain the words of the API: the end of the path decides.
const words: readonly (readonly [path: string, kind: OciRequest['kind'], name: string])[] = [
	[`/v2/blobs/uploads/blobs/${digest}`, 'blob.get', 'blobs/uploads'],
	[`/v2/a/manifests/b/manifests/v1`, 'manifest.get', 'a/manifests/b'],
	['/v2/a/blobs/uploads/manifests/v1', 'manifest.get', 'a/blobs/uploads'],
	['/v2/tags/list/tags/list', 'tags.list', 'tags/list'],
	['/v2/manifests/manifests/manifests', 'manifest.get', 'manifests'],
	[`/v2/a/blobs/uploads/blobs/uploads/${id}`, 'upload.status', 'a/blobs/uploads'],
	[`/v2/blobs/blobs/uploads/${id}`, 'upload.status', 'blobs'],
	[`/v2/a/referrers/referrers/${digest}`, 'referrers.list', 'a/referrers'],
	['/v2/v2/manifests/v1', 'manifest.get', 'v2'],
];
for (const [path, kind, name] of words) test(`${path} is of ${name}`, t => t.like(parse(`GET ${path}`), {kind, repo: name}));
