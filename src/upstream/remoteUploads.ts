/** Uploads to an upstream: a blob in one PUT wherever it comes whole, else in chunks at the address that the upstream told this process. */
import {randomBytes} from 'node:crypto';
import {LRUCache} from 'lru-cache';
import {createUploadId, type Digest, formatUploadRange, OciError, type RepositoryName, type UploadId} from 'oci-spec-types';
import {readAll} from '../lib/bytes.ts';
import {peek} from '../lib/peek.ts';
import {createTurns} from '../lib/turns.ts';
import type {Bytes, Chunk, Registry} from '../registry/registry.ts';
import {sized, verified} from '../registry/verified.ts';
import {parseLocation} from './redirects.ts';
import {nonsense} from './refusals.ts';
import type {RemoteAnswer, RemoteClient, RemoteRequest} from './remoteClient.ts';
import {parseUploadRange} from './remoteRanges.ts';
import {pushes} from './remoteScopes.ts';
import {isReopenable} from './reopenable.ts';
import {type Quirks, UpstreamFailure, type UpstreamObserver, type UpstreamOperation} from './upstream.ts';

type UploadMethods = Pick<Registry, 'putBlob' | 'startUpload' | 'uploadSize' | 'appendUpload' | 'finishUpload' | 'cancelUpload'>;

export type RemoteUploadsOptions = {
	quirks: Quirks;
	/** Milliseconds since 1970. */
	clock: () => number;
	observer: UpstreamObserver | undefined;
	has(repo: RepositoryName, digest: Digest): Promise<boolean>;
};

export const createRemoteUploads = (client: RemoteClient, {quirks, clock, observer, has}: RemoteUploadsOptions): UploadMethods => {
	const {host} = client;
	// Its address is the upstream's, which another of our processes has not heard.
	const sessions = new LRUCache<UploadId, Session>({max: keptSessions});
	const inTurn = createTurns();

	const unknown = (upload: UploadId) =>
		new OciError('BLOB_UPLOAD_UNKNOWN', {upload, reason: 'ended, or begun in another process', upstream: host});

	const sessionOf = (repo: RepositoryName, upload: UploadId): Session => {
		const session = sessions.get(upload);
		if (session?.repo === repo) return session;
		throw unknown(upload);
	};

	const locationOf = ({headers, url}: RemoteAnswer, operation: UpstreamOperation): URL => {
		const location = parseLocation(headers.location, url);
		if (location) return location;
		throw nonsense(
			{host, operation},
			'tells no address for an upload, or one without TLS (does a proxy in front of it leave X-Forwarded-Proto out?)',
		);
	};

	const begin = async (repo: RepositoryName): Promise<URL> => {
		const target = `/v2/${repo}/blobs/uploads/`;
		const request: RemoteRequest = {operation: 'startUpload', method: 'POST', target, repo, scope: pushes(repo), expected: [202]};
		const answer = await client.send(request).catch(async error => {
			const isMissing = error instanceof UpstreamFailure && error.code === 'NAME_UNKNOWN';
			if (!isMissing || !(await quirks.missingRepository?.(repo))) throw error;
			return client.send(request);
		});
		return locationOf(answer, 'startUpload');
	};

	/** Sends bytes to an address of an upload. A failure of the bytes themselves is thrown as it is. */
	const sendTo = async (
		target: URL,
		{repo, body, size, ...request}: {repo: RepositoryName; body: Bytes; size: number | undefined} & Way,
	): Promise<RemoteAnswer> => {
		const source = watched(body, bytes => observer?.transferred({direction: 'sent', bytes}));
		try {
			// It goes as no stream at all; whether it is empty its reader knows.
			const carried = size === 0 ? await readAll(source.bytes) : {stream: source.bytes, size};
			return await client.once({...request, target, repo, scope: pushes(repo), body: carried});
		} catch (error) {
			throw source.failure() ?? error;
		}
	};

	const close = (at: URL, repo: RepositoryName, digest: Digest, body: Bytes, size: number | undefined): Promise<RemoteAnswer> =>
		sendTo(withDigest(at, digest), {...finishing, repo, body, size});

	const takesWholeOnly = (operation: UpstreamOperation) =>
		new UpstreamFailure('UNSUPPORTED', {
			...{host, operation},
			message: `${host} takes only whole blobs whose length is known: say it, and send each in one piece`,
		});

	const put = async (repo: RepositoryName, digest: Digest, body: Bytes, size?: number): Promise<void> => {
		if (quirks.monolithicOnly && size === undefined) throw takesWholeOnly('putBlob');
		const attempt = async (tries = 0): Promise<void> => {
			// The answer may be all that was lost.
			if (tries > 0 && (await has(repo, digest))) return;
			await close(await begin(repo), repo, digest, verified(body, digest, size), size);
		};
		await (isReopenable(body) ? client.repeat(attempt) : attempt());
	};

	/** What the upstream itself says that the upload has. */
	const sizeNow = async (upload: UploadId, session: Session): Promise<number> => {
		if (session.size !== undefined) return session.size;
		const {repo, location} = session;
		const request = {operation: 'uploadSize', method: 'GET', target: location, repo, scope: pushes(repo), expected: [200, 204]} as const;
		const answer = await client.send({...request, absent: 'BLOB_UPLOAD_UNKNOWN'}).catch(error => {
			if (error instanceof OciError && error.code === 'BLOB_UPLOAD_UNKNOWN') sessions.delete(upload);
			throw error;
		});
		const size = parseUploadRange(answer.headers.range);
		if (size === undefined) throw nonsense({host, operation: 'uploadSize'}, 'does not say how much of an upload it has');
		session.size = size;
		return size;
	};

	const append = async (upload: UploadId, session: Session, {body, size, range}: Chunk): Promise<number> => {
		const offset = await sizeNow(upload, session);
		if (range && range.start !== offset) throw rangeMismatch(offset);
		const length = size ?? (range && range.end - range.start + 1);
		const {isEmpty, all} = await peek(sized(body, length));
		if (isEmpty) return offset;
		let sent = 0;
		const counted = watched(all, bytes => {
			sent += bytes;
		});
		const headers = {
			'content-type': 'application/octet-stream',
			...(length !== undefined && {'content-range': `${offset}-${offset + length - 1}`}),
		};
		// Whatever becomes of it, what is there now the upstream has to say.
		session.size = undefined;
		const answer = await sendTo(session.location, {...appending, headers, repo: session.repo, body: counted.bytes, size: length});
		session.location = locationOf(answer, 'appendUpload');
		const now = parseUploadRange(answer.headers.range, offset + sent);
		if (now !== offset + sent)
			throw nonsense({host, operation: 'appendUpload'}, `was sent ${offset + sent} bytes of an upload, and says that it has ${now}`);
		session.size = now;
		return now;
	};

	return {
		putBlob: put,

		async startUpload(repo) {
			const upload = createUploadId(clock(), randomBytes(10));
			sessions.set(upload, {repo, location: await begin(repo), size: 0});
			return upload;
		},

		uploadSize: (repo, upload) => inTurn(upload, () => sizeNow(upload, sessionOf(repo, upload))),

		appendUpload: (repo, upload, chunk) =>
			inTurn(upload, async () => {
				const session = sessionOf(repo, upload);
				if (quirks.monolithicOnly) throw takesWholeOnly('appendUpload');
				return append(upload, session, chunk);
			}),

		finishUpload: (repo, upload, digest, last) =>
			inTurn(upload, async () => {
				const session = sessionOf(repo, upload);
				const offset = await sizeNow(upload, session);
				if (last.range && last.range.start !== offset) throw rangeMismatch(offset);
				const {isEmpty, all} = await peek(last.body);
				const length = isEmpty ? 0 : (last.size ?? (last.range && last.range.end - last.range.start + 1));
				if (isEmpty && last.size) throw new OciError('SIZE_INVALID', {contentLength: last.size, reason: 'there are no bytes'});
				if (quirks.monolithicOnly && length === undefined) throw takesWholeOnly('putBlob');
				session.size = undefined;
				const body = offset === 0 ? verified(all, digest, length) : sized(all, length);
				await close(session.location, repo, digest, body, length);
				sessions.delete(upload);
			}),

		cancelUpload: (repo, upload) =>
			inTurn(upload, async () => {
				const {location} = sessionOf(repo, upload);
				sessions.delete(upload);
				const request = {operation: 'cancelUpload', method: 'DELETE', target: location, repo, scope: pushes(repo)} as const;
				await client.send({...request, expected: [200, 202, 204], absent: 'BLOB_UPLOAD_UNKNOWN'});
			}),
	};
};

/** `size` is how much of it is there; undefined where only the upstream knows. */
type Session = {repo: RepositoryName; location: URL; size: number | undefined};

const finishing = {
	operation: 'putBlob',
	method: 'PUT',
	expected: [200, 201, 204],
	headers: {'content-type': 'application/octet-stream'},
} as const;
// ECR answers 201.
const appending = {operation: 'appendUpload', method: 'PATCH', expected: [201, 202, 204]} as const;

type Way = {
	operation: UpstreamOperation;
	method: 'PUT' | 'PATCH';
	expected: readonly number[];
	headers: Readonly<Record<string, string>>;
};

/** The query as it came: what an upstream signed must not be written anew. */
const withDigest = (at: URL, digest: Digest): URL =>
	new URL(`${at.origin}${at.pathname}${at.search}${at.search ? '&' : '?'}digest=${digest}`);

/** The same bytes, counted; and what their source threw, if it did. */
const watched = (body: Bytes, onBytes: (bytes: number) => void) => {
	let thrown: {error: unknown} | undefined;
	async function* read(): Bytes {
		try {
			for await (const chunk of body) {
				onBytes(chunk.length);
				yield chunk;
			}
		} catch (error) {
			thrown = {error};
			throw error;
		}
	}
	return {bytes: read(), failure: () => thrown?.error};
};

const rangeMismatch = (have: number) =>
	new OciError(
		'BLOB_UPLOAD_INVALID',
		{have, reason: 'this chunk does not start where the upload ends'},
		{status: 416, headers: {Range: formatUploadRange(have)}},
	);

const keptSessions = 10_000;
