/** Method and URL to a typed request (distribution-spec, "Endpoints"). */
import {parseDigest, parseDigestAlgorithm} from './digests.ts';
import {OciError} from './errors.ts';
import {excerpt} from './excerpts.ts';
import {
	isRepositoryName,
	isTag,
	isTagText,
	parseReference,
	parseRepositoryName,
	parseTag,
	type Reference,
	type RepositoryName,
} from './names.ts';
import {parsePage} from './paging.ts';
import type {OciRequest} from './requests.ts';
import {parseUploadId} from './uploadIds.ts';

/** In characters, which are bytes: a URL is ASCII. Beyond them the answer is 414. The query has room for some hundred tags. */
export const urlLimits = {path: 4096, query: 16_384} as const;

/**
 * The request that a method and a URL mean. Throws NAME_INVALID, DIGEST_INVALID, TAG_INVALID, BLOB_UPLOAD_UNKNOWN, PAGINATION_NUMBER_INVALID;
 * MANIFEST_UNKNOWN for reading or deleting what cannot be a tag; UNSUPPORTED with 404 for a path that is no endpoint, 405 and `Allow` for another method, 414 for too long a URL.
 *
 * HEAD is taken wherever GET is. Parts of the path are percent-decoded once, after they were told apart. `?ns=` and other unknown parameters are ignored.
 */
export const parseRequest = (method: string, url: RequestUrl): OciRequest => {
	if (url.pathname.length > urlLimits.path || url.search.length > urlLimits.query) {
		throw new OciError('UNSUPPORTED', {limits: urlLimits}, {status: 414, message: 'the URL is too long'});
	}
	const target = locate(url.pathname);
	if (!target) throw new OciError('UNSUPPORTED', {path: excerpt(url.pathname)}, {status: 404, message: 'no such endpoint'});
	const parse = endpoints[target.endpoint].get(method);
	if (parse) return parse(target, url);
	const allow = [...endpoints[target.endpoint].keys()].join(', ');
	throw new OciError('UNSUPPORTED', {method: excerpt(method), allow}, {headers: {Allow: allow}});
};

/** What is read of a URL. A server gives the path as it came: `new URL` takes `..` out of it, and so makes another name of it. */
export type RequestUrl = Pick<URL, 'pathname' | 'search' | 'searchParams'>;

type Endpoint = 'ping' | 'catalog' | 'blob' | 'uploads' | 'upload' | 'manifest' | 'tags' | 'referrers';
/** `name` and `last` as they stand in the path, still percent-encoded. */
type Target = {endpoint: Endpoint; name: string; last: string};

/**
 * Reads a path from its end, since a name may itself contain `blobs`, `manifests` or `tags`. No name component starts with `_`, so `_catalog` is free.
 * Encoded slashes stay in their part: what the endpoint is, is what a proxy in front of us saw.
 */
const locate = (path: string): Target | undefined => {
	if (path === '/v2/' || path === '/v2') return {endpoint: 'ping', name: '', last: ''};
	if (path === '/v2/_catalog') return {endpoint: 'catalog', name: '', last: ''};
	if (!path.startsWith('/v2/')) return undefined;
	const tail = path.endsWith('/blobs/uploads/') ? path.slice(4, -1) : path.slice(4);
	const parts = tail.split('/');
	const last = parts.pop();
	const marker = parts.pop();
	if (last === undefined || marker === undefined || last === '' || parts.length === 0) return undefined;
	if (marker === 'uploads' && parts.length > 1 && parts.at(-1) === 'blobs')
		return {endpoint: 'upload', name: parts.slice(0, -1).join('/'), last};
	const endpoint =
		marker === 'blobs' && last === 'uploads' ? 'uploads' : marker === 'tags' && last !== 'list' ? undefined : markers.get(marker);
	return endpoint && {endpoint, name: parts.join('/'), last};
};

const markers: ReadonlyMap<string, Endpoint> = new Map([
	['blobs', 'blob'],
	['manifests', 'manifest'],
	['referrers', 'referrers'],
	['tags', 'tags'],
]);

type Parse = (target: Target, url: RequestUrl) => OciRequest;

const ping: Parse = () => ({kind: 'ping'});
const catalog: Parse = (_, url) => ({kind: 'catalog.list', page: parsePage(url.searchParams)});
const tags: Parse = (target, url) => ({kind: 'tags.list', repo: repoOf(target), page: parsePage(url.searchParams)});
const referrers: Parse = (target, url) => {
	// A media type has no space, but an unencoded `+` in a query arrives as one.
	const artifactType = url.searchParams.get('artifactType')?.replaceAll(' ', '+');
	return {kind: 'referrers.list', ...contentOf(target), ...(artifactType && {artifactType}), page: parsePage(url.searchParams)};
};
const uploadStatus: Parse = target => ({kind: 'upload.status', ...uploadOf(target)});

/** Which methods an endpoint has, in the order of its `Allow` header. */
const endpoints: {readonly [endpoint in Endpoint]: ReadonlyMap<string, Parse>} = {
	ping: new Map([
		['GET', ping],
		['HEAD', ping],
	]),
	catalog: new Map([
		['GET', catalog],
		['HEAD', catalog],
	]),
	blob: new Map<string, Parse>([
		['GET', target => ({kind: 'blob.get', ...contentOf(target)})],
		['HEAD', target => ({kind: 'blob.head', ...contentOf(target)})],
		['DELETE', target => ({kind: 'blob.delete', ...contentOf(target)})],
	]),
	uploads: new Map<string, Parse>([['POST', (target, url) => startOf(repoOf(target), url.searchParams)]]),
	upload: new Map<string, Parse>([
		['GET', uploadStatus],
		['HEAD', uploadStatus],
		['PATCH', (target, url) => ({kind: 'upload.append', ...uploadOf(target), ...sizeOf(url.searchParams)})],
		[
			'PUT',
			(target, {searchParams}) => ({
				kind: 'upload.finish',
				...uploadOf(target),
				digest: parseDigest(searchParams.get('digest')),
				...sizeOf(searchParams),
			}),
		],
		['DELETE', target => ({kind: 'upload.cancel', ...uploadOf(target)})],
	]),
	manifest: new Map<string, Parse>([
		['GET', target => ({kind: 'manifest.get', repo: repoOf(target), reference: existingReference(target)})],
		['HEAD', target => ({kind: 'manifest.head', repo: repoOf(target), reference: existingReference(target)})],
		['PUT', (target, url) => putOf(target, url.searchParams)],
		['DELETE', target => deleteOf(repoOf(target), existingReference(target))],
	]),
	tags: new Map([
		['GET', tags],
		['HEAD', tags],
	]),
	referrers: new Map([
		['GET', referrers],
		['HEAD', referrers],
	]),
};

const repoOf = ({name}: Target): RepositoryName => parseRepositoryName(decode(name));

const contentOf = (target: Target) => ({repo: repoOf(target), digest: parseDigest(decode(target.last))});

const uploadOf = (target: Target) => ({repo: repoOf(target), upload: parseUploadId(decode(target.last))});

const startOf = (repo: RepositoryName, query: URLSearchParams): OciRequest => {
	const mount = query.get('mount');
	if (mount !== null) {
		// A `from` that names no repository cannot hold the blob: answered as a mount that found nothing, "SHOULD return a 202".
		const from = query.get('from');
		return {kind: 'upload.mount', repo, digest: parseDigest(mount), ...(from !== null && isRepositoryName(from) && {from})};
	}
	const digest = query.get('digest');
	if (digest !== null) return {kind: 'upload.whole', repo, digest: parseDigest(digest)};
	const algorithm = query.get('digest-algorithm');
	return algorithm === null ? {kind: 'upload.start', repo} : {kind: 'upload.start', repo, algorithm: parseDigestAlgorithm(algorithm)};
};

const sizeOf = (query: URLSearchParams): {size?: number} => {
	const text = query.get('size');
	if (text === null) return {};
	if (/^\d{1,16}$/.test(text) && Number.isSafeInteger(Number(text))) return {size: Number(text)};
	// "it SHOULD match exactly the <blob-push-location> obtained"
	throw new OciError('BLOB_UPLOAD_INVALID', {size: excerpt(text)}, {message: 'malformed size in the upload location'});
};

/**
 * A reference to what should be there. Text that cannot be a tag names nothing: "If the manifest is not found in the repository, the response code MUST be
 * 404 Not Found", and the conformance suite of 1.1.1 asks for `.INVALID_MANIFEST_NAME` to see it.
 */
const existingReference = (target: Target): Reference => {
	const text = decode(target.last);
	if (text.includes(':')) return parseDigest(text);
	if (isTagText(text)) return text;
	throw new OciError('MANIFEST_UNKNOWN', {reference: excerpt(text)});
};

const putOf = (target: Target, query: URLSearchParams): OciRequest => {
	const repo = repoOf(target);
	const reference = parseReference(decode(target.last));
	// "When pushing a manifest by digest, the registry MAY support the pushing of tags specified by addition of `tag` query parameters": not by tag.
	const tags = isTag(reference) ? [reference] : [...new Set(query.getAll('tag').map(parseTag))];
	return {kind: 'manifest.put', repo, reference, tags};
};

const deleteOf = (repo: RepositoryName, reference: Reference): OciRequest =>
	isTag(reference) ? {kind: 'tag.delete', repo, tag: reference} : {kind: 'manifest.delete', repo, digest: reference};

/** What cannot be decoded stays as it is: no grammar here allows a percent sign, so it is refused with the code of the part it stands in. */
const decode = (part: string): string => {
	if (!part.includes('%')) return part;
	try {
		return decodeURIComponent(part);
	} catch {
		return part;
	}
};
