/** Blobs of an upstream: looked for, read as far as they are what their digest says, mounted and deleted. */
import {type ByteRange, type Digest, OciError, type RepositoryName} from 'oci-spec-types';
import {mapParallel} from '../lib/mapInOrder.ts';
import type {BlobContent, BlobFacts, Registry} from '../registry/registry.ts';
import {parseLocation} from './redirects.ts';
import {nonsense} from './refusals.ts';
import type {RemoteAnswer, RemoteClient, RemoteRequest} from './remoteClient.ts';
import {formatRangeHeader, parseContentRangeOf, parseSize} from './remoteRanges.ts';
import {deletes, pulls, pushes} from './remoteScopes.ts';
import {resumingBlob} from './resumingBlob.ts';
import {type Quirks, UpstreamFailure, type UpstreamObserver} from './upstream.ts';

type BlobMethods = Pick<Registry, 'statBlob' | 'statBlobs' | 'readBlob' | 'locateBlob' | 'mountBlob' | 'deleteBlob'>;

export type RemoteBlobsOptions = {origin: URL; quirks: Quirks; observer: UpstreamObserver | undefined};

export const createRemoteBlobs = (client: RemoteClient, {origin, quirks, observer}: RemoteBlobsOptions): BlobMethods => {
	const {host} = client;
	const about = (repo: RepositoryName, digest: Digest) => ({repo, target: `/v2/${repo}/blobs/${digest}`, absent: 'BLOB_UNKNOWN'}) as const;

	/** A GET, of which the caller reads or destroys the body. */
	const open = (repo: RepositoryName, digest: Digest, range?: ByteRange): Promise<RemoteAnswer> =>
		client.open({
			...about(repo, digest),
			...{operation: 'readBlob', method: 'GET', scope: pulls(repo), expected: [200, 206, 416], isDownload: true},
			...(range && {headers: {range: formatRangeHeader(range)}}),
		});

	const contentOf = (repo: RepositoryName, digest: Digest, answer: RemoteAnswer, asked?: ByteRange): BlobContent => {
		const {status, headers, body} = answer;
		const range = status === 206 ? parseContentRangeOf(headers['content-range']) : undefined;
		const size = status === 206 ? range?.size : parseSize(headers['content-length']);
		if (size === undefined || (status === 206 && !asked)) {
			body.destroy();
			throw nonsense({host, operation: 'readBlob'}, `does not say how large ${digest} is`);
		}
		const [start, end] = range ? [range.start, range.end] : [0, size - 1];
		const reopen = (at: ByteRange) => client.repeat(() => open(repo, digest, at));
		const read = resumingBlob(body, {
			digest,
			size,
			start,
			end,
			host,
			reopen,
			onBytes: bytes => observer?.transferred({direction: 'received', bytes}),
		});
		return {digest, size, ...(range && {range: {start, end}}), body: read};
	};

	/** Of a registry that answers a HEAD without a length, or with a redirect: what is there is signed for a GET. */
	const sizeByReading = async (repo: RepositoryName, digest: Digest): Promise<number> => {
		const {status, headers, body} = await client.repeat(() => open(repo, digest, {start: 0, end: 0}));
		body.destroy();
		const size = status === 200 ? parseSize(headers['content-length']) : sizeOfRange(headers['content-range']);
		if (size === undefined) throw nonsense({host, operation: 'statBlob'}, `does not say how large ${digest} is`);
		return size;
	};

	const stat = async (repo: RepositoryName, digest: Digest): Promise<BlobFacts> => {
		const request = {
			...about(repo, digest),
			operation: 'statBlob',
			method: 'HEAD',
			scope: pulls(repo),
			expected: [200, ...redirected],
		} as const;
		const {status, headers} = await client.send(request);
		const told = status === 200 ? parseSize(headers['content-length']) : undefined;
		return {digest, size: told ?? (await sizeByReading(repo, digest))};
	};

	return {
		statBlob: stat,

		async statBlobs(repo, digests) {
			const found = await mapParallel(digests, requestsAtOnce, async digest => {
				const facts = await stat(repo, digest).catch(unlessUnknown);
				return facts ? ([digest, facts.size] as const) : undefined;
			});
			return new Map(found.filter(row => row !== undefined));
		},

		async readBlob(repo, digest, range) {
			const answer = await client.repeat(() => open(repo, digest, range));
			if (answer.status !== 416) return contentOf(repo, digest, answer, range);
			answer.body.destroy();
			const size = sizeOfRange(answer.headers['content-range']) ?? (await stat(repo, digest)).size;
			throw new OciError('RANGE_INVALID', {digest, size}, {headers: {'Content-Range': `bytes */${size}`}});
		},

		async locateBlob(repo, digest) {
			const request: RemoteRequest = {
				...about(repo, digest),
				operation: 'readBlob',
				method: 'GET',
				scope: pulls(repo),
				expected: [200, 206, 404, 416, ...redirected],
				// Should it answer itself, with as little as can be.
				headers: {range: 'bytes=0-0'},
			};
			const {status, headers, url} = await client.send(request);
			const location = redirected.includes(status) ? parseLocation(headers.location, url) : undefined;
			// Where it would have to know who asks, a client of ours is nobody.
			return location && location.origin !== origin.origin ? location : undefined;
		},

		async mountBlob(repo, digest, from) {
			if (!from || quirks.mounts === false) return false;
			const query = new URLSearchParams({mount: digest, from});
			const scope = `${pushes(repo)} ${pulls(from)}`;
			const target = `/v2/${repo}/blobs/uploads/?${query}`;
			const request = {operation: 'mountBlob', method: 'POST', target, repo, scope, expected: [201, 202, 404, 405]} as const;
			try {
				return (await client.send(request)).status === 201;
			} catch (error) {
				// It may be that only the source is not ours to read: whoever uploads instead hears whether the rest is.
				if (error instanceof UpstreamFailure && error.code === 'DENIED') return false;
				throw error;
			}
		},

		async deleteBlob(repo, digest) {
			await client.send({
				...about(repo, digest),
				operation: 'deleteBlob',
				method: 'DELETE',
				scope: deletes(repo),
				expected: [200, 202, 204],
			});
		},
	};
};

const redirected: readonly number[] = [301, 302, 303, 307, 308];
const requestsAtOnce = 16;

const unlessUnknown = (error: unknown): undefined => {
	if (error instanceof OciError && error.code === 'BLOB_UNKNOWN') return undefined;
	throw error;
};

const sizeOfRange = (header: string | undefined) => parseContentRangeOf(header)?.size;
