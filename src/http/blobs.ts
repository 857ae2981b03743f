/** Blobs over HTTP: small ones and documents from here, layers by redirect where the store has URLs. */
import {type Digest, parseRange, type RepositoryName} from 'oci-spec-types';
import {cacheConfigMediaType} from '../cache/cacheDocument.ts';
import {askerOf} from './asker.ts';
import {etagOf, isFresh} from './conditional.ts';
import type {Handle, HandlerContext} from './endpoints.ts';
import type {Reply} from './reply.ts';

export const headBlob: Handle<'blob.head'> = async ({repo, digest}, {registry, headers}) => {
	const {size} = await registry.statBlob(repo, digest, askerOf(headers));
	if (isFresh(headers, digest)) return notModified(digest);
	return {status: 200, headers: blobHeaders(digest, size)};
};

export const getBlob: Handle<'blob.get'> = async ({repo, digest}, context) => {
	const {registry, headers} = context;
	const known = headers['if-none-match'] !== undefined;
	const redirectable = !asksForDocument(headers.accept);
	if (known || redirectable) {
		const {size} = await registry.statBlob(repo, digest);
		if (isFresh(headers, digest)) return notModified(digest);
		const url = redirectable && size >= redirectedBytes ? await registry.locateBlob(repo, digest) : undefined;
		if (url && context.mayRedirect(url)) return redirectTo(url, digest);
	}
	return streamBlob(repo, digest, context);
};

export const deleteBlob: Handle<'blob.delete'> = async ({repo, digest}, {registry}) => {
	await registry.deleteBlob(repo, digest);
	return {status: 202};
};

// Below this the redirect and the second connection cost more than the bytes.
const redirectedBytes = 64 * 1024;

/** BuildKit asks for the config of a cache by its type; that is JSON which the import waits for, and a second host would only delay it. */
const asksForDocument = (accept: string | undefined) => accept?.includes(cacheConfigMediaType) ?? false;

const streamBlob = async (repo: RepositoryName, digest: Digest, {registry, headers}: HandlerContext): Promise<Reply> => {
	// RFC 9110 13.1.5: a Range whose If-Range names another version is no Range.
	const range = headers['if-range'] && headers['if-range'] !== etagOf(digest) ? undefined : parseRange(headers.range);
	const {size, range: part, body} = await registry.readBlob(repo, digest, range);
	if (!part) return {status: 200, headers: blobHeaders(digest, size), body};
	return {
		status: 206,
		headers: {...blobHeaders(digest, part.end - part.start + 1), 'Content-Range': `bytes ${part.start}-${part.end}/${size}`},
		body,
	};
};

const validators = (digest: Digest) => ({
	'Docker-Content-Digest': digest,
	ETag: etagOf(digest),
	'Cache-Control': 'private, max-age=31536000, immutable',
});

// Never a Content-Encoding: containerd decodes by it, and the digest is that of the bytes as they are.
const blobHeaders = (digest: Digest, size: number) => ({
	...validators(digest),
	'Content-Type': 'application/octet-stream',
	'Content-Length': String(size),
	'Accept-Ranges': 'bytes',
});

const notModified = (digest: Digest): Reply => ({status: 304, headers: validators(digest)});

const redirectTo = (url: URL, digest: Digest): Reply => ({
	status: 307,
	headers: {Location: url.href, 'Docker-Content-Digest': digest, 'Cache-Control': 'no-store'},
});
