/** Conditional reads: a digest is the strongest ETag there is. */
import type {IncomingHttpHeaders} from 'node:http';
import type {Digest} from 'oci-spec-types';

export const etagOf = (digest: Digest): string => `"${digest}"`;

/** Whether the client has this already (RFC 9110 13.1.2; weak comparison, as for GET). */
export const isFresh = (headers: IncomingHttpHeaders, digest: Digest): boolean => {
	const tags = headers['if-none-match']?.split(',').map(tag => tag.trim().replace(/^W\//, ''));
	return tags?.some(tag => tag === etagOf(digest) || tag === '*') ?? false;
};
