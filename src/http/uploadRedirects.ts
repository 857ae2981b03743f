/** Which uploads go straight to the store. */
import {type Digest, digestAlgorithm, type RepositoryName, type UploadId} from 'oci-spec-types';
import {followsUploadRedirects} from './builder.ts';
import type {HandlerContext} from './endpoints.ts';
import type {Reply} from './reply.ts';

/** Why an upload is streamed: one word for the metrics. */
export type StreamReason = 'chunks' | 'digest' | 'size' | 'client' | 'connection' | 'store' | 'authorization';

export type UploadWay = 'redirected' | StreamReason;

/** `isWhole`: no bytes came before these, and these are all. */
export type UploadFacts = {repo: RepositoryName; upload: UploadId; digest: Digest; isWhole: boolean};

/** Where to send a client with its upload, or why it is streamed. Throws BLOB_UPLOAD_UNKNOWN. */
export const redirectOf = async (facts: UploadFacts, context: HandlerContext): Promise<URL | StreamReason> => {
	const reason = reasonToStream(facts, context);
	if (reason) return reason;
	const {repo, upload, digest} = facts;
	const url = await context.registry.locateUpload(repo, upload, digest, context.bodySize ?? 0);
	if (!url) return 'store';
	if (!context.mayRedirect(url)) return 'authorization';
	context.registry.expectUpload(repo, digest);
	return url;
};

/** No `Connection: close`: whoever closes first makes the client see a broken pipe instead of this. */
export const redirectUpload = (url: URL): Reply => ({
	status: 307,
	headers: {Location: url.href, 'Cache-Control': 'no-store', 'Content-Type': 'text/plain; charset=utf-8'},
	body: longBody,
});

/**
 * Go's client keeps an answer without a body to itself until it has sent the request, for up to 50 ms, to see whether the connection can be
 * used again; so it does at the end of a short body, which it reads. One above 2 KiB it leaves, and the connection with it, and goes where it
 * was sent at once (net/http: transport.go, maxWriteWaitBeforeConnReuse; client.go, maxBodySlurpSize).
 */
const longBody = `${'These bytes are to be sent to the address in Location.'.padEnd(4095)}\n`;

const reasonToStream = ({digest, isWhole}: UploadFacts, {headers, bodySize, staysOpen}: HandlerContext): StreamReason | undefined => {
	if (!isWhole) return 'chunks';
	if (!followsUploadRedirects(headers['user-agent'])) return 'client';
	// S3 computes no other hash of a body before it takes it.
	if (digestAlgorithm(digest) !== 'sha256') return 'digest';
	if (bodySize === undefined || bodySize < redirectedBytes || bodySize > putBytes) return 'size';
	return staysOpen ? undefined : 'connection';
};

const MiB = 1024 * 1024;

// A cache's config may have as much and no more, if anyone is to import it, and nobody can tell one from a layer. BuildKit sends it once:
// what S3 refuses for a passing reason is repeated by us, but not by BuildKit. Layers it does repeat.
const redirectedBytes = MiB;
// S3 takes no more in one PUT.
const putBytes = 5 * 1024 * MiB;
