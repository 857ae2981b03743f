/** What servers less careful than AWS take from whoever holds the URL of an upload: one carelessness at a time. */
import {createHash} from 'node:crypto';
import type {Bucket} from './bucket.ts';
import type {SignedRequest} from './signature.ts';
import {unsignedTrailer} from './trailers.ts';

export type Leak = keyof typeof leaks;

/** `check` is what AWS does: it throws, or gives the payload's hash that was signed. Undefined: this request is no case of the leak. */
type Careless = (request: SignedRequest, body: Buffer, check: Check) => Taken | undefined;
type Check = (request: SignedRequest) => string;
/** `files`: what an archive was unpacked to, instead of being stored. */
export type Taken = {body: Buffer; files?: readonly {key: string; bytes: Buffer}[]};

export const isTaken = (leak: Leak, request: SignedRequest, body: Buffer, check: Check): Taken | undefined => {
	if (request.method !== 'PUT') return undefined;
	return leaks[leak](request, body, check);
};

export const keepFiles = (bucket: Bucket, {files = []}: Taken): void => {
	for (const {key, bytes} of files) bucket.put(key, bytes, 'application/octet-stream');
};

const pinned = 'X-Amz-Content-Sha256';

const without = (request: SignedRequest, isLeftOut: (name: string) => boolean): SignedRequest => ({
	...request,
	headers: Object.fromEntries(Object.entries(request.headers).filter(([name]) => !isLeftOut(name))),
});

const sha256Of = (body: Buffer) => createHash('sha256').update(body).digest('hex');

/** Takes the request as if these headers were not there to be signed. */
const unsigned =
	(isIgnored: (name: string) => boolean): Careless =>
	(request, body, check) => {
		if (!request.query.has(pinned) || !Object.keys(request.headers).some(isIgnored)) return undefined;
		return check(without(request, isIgnored)) === sha256Of(body) ? {body} : undefined;
	};

/** Asks for the hash in the header, where another was signed in the query. */
const byHeader =
	(isRight: (header: string, body: Buffer) => boolean): Careless =>
	(request, body, check) => {
		const header = request.headers['x-amz-content-sha256'];
		if (!request.query.has(pinned) || header === undefined || !isRight(header, body)) return undefined;
		check(without(request, name => name === 'x-amz-content-sha256'));
		return {body};
	};

/** Takes a body of another length than was signed: one of these. */
const ofLengths =
	(lengthsFor: (size: number) => Iterable<number>): Careless =>
	(request, body, check) => {
		if (!request.query.has(pinned)) return undefined;
		for (const size of lengthsFor(body.length)) {
			try {
				check({...request, headers: {...request.headers, 'content-length': String(size)}});
				return {body};
			} catch {}
		}
		return undefined;
	};

function* between(first: number, last: number) {
	for (let size = first; size <= last; size += 1) yield size;
}

const longestBytes = 2048;

const leaks = {
	/** Compares the hash that was signed with itself, as SeaweedFS once did. */
	other: (request, body, check) => {
		if (!request.query.has(pinned)) return undefined;
		check(request);
		return {body};
	},
	short: ofLengths(size => between(size + 1, size === 0 ? 0 : longestBytes)),
	long: ofLengths(size => between(1, size - 1)),
	empty: ofLengths(size => between(1, size === 0 ? longestBytes : 0)),
	ownHash: byHeader((header, body) => header === sha256Of(body)),
	noHash: byHeader(header => header === 'UNSIGNED-PAYLOAD'),
	copy: unsigned(name => name === 'x-amz-copy-source'),
	metadata: unsigned(name => name.startsWith('x-amz-meta-')),
	tags: unsigned(name => name === 'x-amz-tagging'),
	storageClass: unsigned(name => name === 'x-amz-storage-class'),
	customerKey: unsigned(name => name.startsWith('x-amz-server-side-encryption-customer-')),
	acl: unsigned(name => name === 'x-amz-acl'),

	/** CVE-2026-41145, with the whole URL. */
	trailer: (request, body, check) => {
		if (!request.query.has(pinned) || request.headers['x-amz-content-sha256'] !== unsignedTrailer) return undefined;
		check(without(request, name => name.startsWith('x-amz-')));
		return {body: unchunked(body)};
	},

	/** CVE-2026-41145, with its key id alone. */
	keyId: ({query, headers}, body) => {
		const isMeant = query.has('X-Amz-Credential') && !query.has('X-Amz-Signature');
		return isMeant && headers['x-amz-content-sha256'] === unsignedTrailer ? {body: unchunked(body)} : undefined;
	},

	/** CVE-2026-40344. */
	archive: ({headers}, body) => {
		const isMeant = headers['x-amz-meta-snowball-auto-extract'] === 'true' && headers['x-amz-content-sha256'] === unsignedTrailer;
		return isMeant ? {body, files: [firstFile(body, headers['x-amz-meta-minio-snowball-prefix'] ?? '')]} : undefined;
	},
} as const satisfies Record<string, Careless>;

/** The first chunk of aws-chunked: the only one with bytes that the probe sends. */
const unchunked = (body: Buffer) => {
	const start = body.indexOf('\r\n') + 2;
	return body.subarray(start, start + Number.parseInt(body.subarray(0, start).toString(), 16));
};

const firstFile = (tar: Buffer, folder: string) => {
	const name = tar.subarray(0, 100).toString().replace(/\0.*$/s, '');
	const size = Number.parseInt(tar.subarray(124, 135).toString(), 8);
	return {key: `${folder.replace(/\/$/, '')}/${name}`, bytes: tar.subarray(512, 512 + size)};
};
