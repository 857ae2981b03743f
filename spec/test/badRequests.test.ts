/** Requests that are refused: each with the code and the status that the spec names. */
import test from 'ava';
import {emptyDigest as digest, type ErrorCode, parseRequest} from '../src/index.ts';
import {refused} from './refused.ts';

const id = '017f22e2-79b0-7cc3-98c4-dc0c0c07398f';
const hex = digest.slice(7);

const cases: readonly (readonly [line: string, status: number, code: ErrorCode])[] = [
	// digests: "if the client provided digest is invalid or uses an unsupported algorithm, the registry SHOULD respond with a response code 400"
	['GET /v2/a/blobs/sha256:baddigeststring', 400, 'DIGEST_INVALID'],
	[`GET /v2/a/blobs/md5:${hex}`, 400, 'DIGEST_INVALID'],
	[`GET /v2/a/blobs/${hex}`, 400, 'DIGEST_INVALID'],
	[`GET /v2/a/blobs/sha256:${hex.toUpperCase()}`, 400, 'DIGEST_INVALID'],
	['POST /v2/a/blobs/uploads/?digest=sha256:bad', 400, 'DIGEST_INVALID'],
	['POST /v2/a/blobs/uploads/?digest=', 400, 'DIGEST_INVALID'],
	['POST /v2/a/blobs/uploads/?mount=latest', 400, 'DIGEST_INVALID'],
	['POST /v2/a/blobs/uploads/?digest-algorithm=md5', 400, 'DIGEST_INVALID'],
	[`PUT /v2/a/blobs/uploads/${id}`, 400, 'DIGEST_INVALID'],
	[`PUT /v2/a/blobs/uploads/${id}?digest=sha384:${hex}`, 400, 'DIGEST_INVALID'],
	// what the conformance suite sends ("invalid-digest-format")
	['PUT /v2/a/manifests/sha256:baddigeststring', 400, 'DIGEST_INVALID'],
	['GET /v2/a/manifests/sha256:baddigeststring', 400, 'DIGEST_INVALID'],
	['DELETE /v2/a/manifests/sha256:baddigeststring', 400, 'DIGEST_INVALID'],
	// "If the request is invalid, such as a `<digest>` with an invalid syntax, a `400 Bad Request` MUST be returned."
	['GET /v2/a/referrers/latest', 400, 'DIGEST_INVALID'],
	// tags: "The `<tag-or-digest>` MUST NOT be in any other format." What is read so is not found.
	['PUT /v2/a/manifests/.hidden', 400, 'TAG_INVALID'],
	[`PUT /v2/a/manifests/${'t'.repeat(129)}`, 400, 'TAG_INVALID'],
	['PUT /v2/a/manifests/a%2Fb', 400, 'TAG_INVALID'],
	['PUT /v2/a/manifests/a%252Fb', 400, 'TAG_INVALID'],
	['PUT /v2/a/manifests/%', 400, 'TAG_INVALID'],
	['PUT /v2/a/manifests/%FF', 400, 'TAG_INVALID'],
	[`PUT /v2/a/manifests/${digest}?tag=ok&tag=not/ok`, 400, 'TAG_INVALID'],
	[`PUT /v2/a/manifests/${digest}?tag=`, 400, 'TAG_INVALID'],
	['GET /v2/a/manifests/.INVALID_MANIFEST_NAME', 404, 'MANIFEST_UNKNOWN'],
	['HEAD /v2/a/manifests/.INVALID_MANIFEST_NAME', 404, 'MANIFEST_UNKNOWN'],
	['DELETE /v2/a/manifests/.INVALID_MANIFEST_NAME', 404, 'MANIFEST_UNKNOWN'],
	// names
	['GET /v2/Team/app/manifests/v1', 400, 'NAME_INVALID'],
	['GET /v2//manifests/v1', 400, 'NAME_INVALID'],
	['GET /v2/a//b/manifests/v1', 400, 'NAME_INVALID'],
	['GET /v2/_blobs/manifests/v1', 400, 'NAME_INVALID'],
	[`GET /v2/..%2f..%2fetc/blobs/${digest}`, 400, 'NAME_INVALID'],
	[`GET /v2/..%5c..%5cetc/blobs/${digest}`, 400, 'NAME_INVALID'],
	[`GET /v2/%252e%252e/a/blobs/${digest}`, 400, 'NAME_INVALID'],
	[`PUT /v2/a%00b/blobs/uploads/${id}?digest=${digest}`, 400, 'NAME_INVALID'],
	['POST /v2/a%/blobs/uploads/', 400, 'NAME_INVALID'],
	['POST /v2/ä/blobs/uploads/', 400, 'NAME_INVALID'],
	[`GET /v2/${'a'.repeat(129)}/tags/list`, 400, 'NAME_INVALID'],
	[`GET /v2/${'a/'.repeat(200)}b/tags/list`, 400, 'NAME_INVALID'],
	// uploads that we cannot have begun
	['PATCH /v2/a/blobs/uploads/1', 404, 'BLOB_UPLOAD_UNKNOWN'],
	['GET /v2/a/blobs/uploads/f47ac10b-58cc-4372-a567-0e02b2c3d479', 404, 'BLOB_UPLOAD_UNKNOWN'],
	[`PUT /v2/a/blobs/uploads/..%2f${id}?digest=${digest}`, 404, 'BLOB_UPLOAD_UNKNOWN'],
	['GET /v2/a/blobs/uploads/uploads', 404, 'BLOB_UPLOAD_UNKNOWN'],
	// a Location that was tampered with
	[`PATCH /v2/a/blobs/uploads/${id}?size=-1`, 400, 'BLOB_UPLOAD_INVALID'],
	[`PATCH /v2/a/blobs/uploads/${id}?size=`, 400, 'BLOB_UPLOAD_INVALID'],
	[`PATCH /v2/a/blobs/uploads/${id}?size=1e9`, 400, 'BLOB_UPLOAD_INVALID'],
	[`PUT /v2/a/blobs/uploads/${id}?size=9007199254740992&digest=${digest}`, 400, 'BLOB_UPLOAD_INVALID'],
	// lists
	['GET /v2/a/tags/list?n=-1', 400, 'PAGINATION_NUMBER_INVALID'],
	['GET /v2/_catalog?n=ten', 400, 'PAGINATION_NUMBER_INVALID'],
	[`GET /v2/a/referrers/${digest}?n=1.5`, 400, 'PAGINATION_NUMBER_INVALID'],
	// no endpoints
	['GET /', 404, 'UNSUPPORTED'],
	['GET /v1/', 404, 'UNSUPPORTED'],
	['GET /v2x', 404, 'UNSUPPORTED'],
	['GET /v2/a', 404, 'UNSUPPORTED'],
	['GET /v2/a/b/c', 404, 'UNSUPPORTED'],
	['GET /v2/manifests/v1', 404, 'UNSUPPORTED'],
	['GET /v2/blobs/uploads/', 404, 'UNSUPPORTED'],
	['GET /v2/a/manifests/', 404, 'UNSUPPORTED'],
	['GET /v2/a/manifests/v1/', 404, 'UNSUPPORTED'],
	['GET /v2/a/tags/', 404, 'UNSUPPORTED'],
	['GET /v2/a/tags/v1', 404, 'UNSUPPORTED'],
	['GET /v2/a/blobs%2fuploads/x', 404, 'UNSUPPORTED'],
	['GET /v2/a/constructor/x', 404, 'UNSUPPORTED'],
	['GET /v2/a/__proto__/x', 404, 'UNSUPPORTED'],
	['GET /v2/_catalog/', 404, 'UNSUPPORTED'],
	// "MAY return a `414 Request-URI Too Long` status if too many tags are included in the request."
	[`GET /v2/${'a'.repeat(1e6)}/manifests/v1`, 414, 'UNSUPPORTED'],
	[`PUT /v2/a/manifests/${digest}?${'tag=a&'.repeat(1e5)}`, 414, 'UNSUPPORTED'],
];
for (const [line, status, code] of cases) {
	const [method = '', path = ''] = line.split(' ');
	test(`${line.slice(0, 100)} is ${status} ${code}`, t => {
		const error = refused(t, () => parseRequest(method, new URL(path, 'http://registry')), {code, status});
		t.true(JSON.stringify(error.detail).length < 1000);
	});
}

const methods: readonly (readonly [path: string, refusedMethods: string[], allow: string])[] = [
	['/v2/', ['POST', 'PUT', 'DELETE', 'OPTIONS', 'constructor', 'get'], 'GET, HEAD'],
	[`/v2/a/blobs/${digest}`, ['POST', 'PUT', 'PATCH'], 'GET, HEAD, DELETE'],
	['/v2/a/blobs/uploads/', ['GET', 'HEAD', 'PUT', 'DELETE'], 'POST'],
	[`/v2/a/blobs/uploads/${id}`, ['POST'], 'GET, HEAD, PATCH, PUT, DELETE'],
	['/v2/a/manifests/v1', ['POST', 'PATCH'], 'GET, HEAD, PUT, DELETE'],
	['/v2/a/tags/list', ['POST', 'DELETE'], 'GET, HEAD'],
	[`/v2/a/referrers/${digest}`, ['PUT', 'DELETE'], 'GET, HEAD'],
	['/v2/_catalog', ['POST'], 'GET, HEAD'],
];
for (const [path, refusedMethods, allow] of methods) {
	test(`${path} allows ${allow} only`, t => {
		const url = new URL(path, 'http://registry');
		for (const method of refusedMethods)
			refused(t, () => parseRequest(method, url), {code: 'UNSUPPORTED', status: 405, headers: {Allow: allow}});
	});
}
