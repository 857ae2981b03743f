/** Blobs over HTTP: small ones and documents from here, layers by redirect where the store has URLs. */
import {type Digest, parseRange, type RepositoryName} from 'oci-spec-types';
import {cacheConfigMediaType} from '../cache/cacheDocument.ts';
import type {Transfer} from '../usage/usage.ts';
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
	const {registry, headers, usage, client} = context;
	const known = headers['if-none-match'] !== undefined;
	const isLayer = !asksForDocument(headers.accept);
	const tell = (way: Transfer['way'], bytes: number) => {
		if (isLayer) usage.fetched(repo, digest, {client, way, bytes});
	};
	if (known || isLayer) {
		const {size} = await registry.statBlob(repo, digest);
		if (isFresh(headers, digest)) {
			tell('streamed', 0);
			return notModified(digest);
		}
		const url = isLayer && size >= redirectedBytes ? await registry.locateBlob(repo, digest) : undefined;
		if (url && context.mayRedirect(url)) {
			tell('redirected', size);
			return redirectTo(url, digest);
		}
	}
	const {reply, bytes} = await streamBlob(repo, digest, context);
	tell('streamed', bytes);
	return reply;
};

export const deleteBlob: Handle<'blob.delete'> = async ({repo, digest}, {registry}) => {
	await registry.deleteBlob(repo, digest);
	return {status: 202};
};

// Below this the redirect and the second connection cost more than the bytes.
const redirectedBytes = 64 * 1024;

/** BuildKit asks for the config of a cache by its type; that is JSON which the import waits for, and a second host would only delay it. */
const asksForDocument = (accept: string | undefined) => accept?.includes(cacheConfigMediaType) ?? false;

/** `bytes` are those that the reply carries. */
const streamBlob = async (
	repo: RepositoryName,
	digest: Digest,
	{registry, headers, stream}: HandlerContext,
): Promise<{reply: Reply; bytes: number}> => {
	// RFC 9110 13.1.5: a Range whose If-Range names another version is no Range.
	const range = headers['if-range'] && headers['if-range'] !== etagOf(digest) ? undefined : parseRange(headers.range);
	const {size, range: part, body} = await stream(() => registry.readBlob(repo, digest, range));
	if (!part) return {reply: {status: 200, headers: blobHeaders(digest, size), body}, bytes: size};
	const bytes = part.end - part.start + 1;
	const headersOfPart = {...blobHeaders(digest, bytes), 'Content-Range': `bytes ${part.start}-${part.end}/${size}`};
	return {reply: {status: 206, headers: headersOfPart, body}, bytes};
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
