/** A registry client that shows everything: no redirect is followed, no error is thrown. */
import {once} from 'node:events';
import {type IncomingMessage, request as sendRaw} from 'node:http';
import {type Digest, digestOf, errorBodySchema, mediaTypes} from 'oci-spec-types';
import {apiErrorSchema} from '../../src/operations/routes.ts';

export type Answer = {status: number; headers: Headers; body: Buffer; text: string; error?: string};
export type Client = ReturnType<typeof createClient>;
type RequestOptions = {headers?: Record<string, string>; body?: string | Uint8Array | AsyncIterable<Uint8Array>};

/** `always`: headers of each request, such as a credential. */
export const createClient = (url: string, always: Record<string, string> = {}) => {
	const answerOf = (status: number, headers: Headers, body: Buffer): Answer => {
		const told = status >= 400 && body.length > 0 ? JSON.parse(body.toString()) : undefined;
		// The admin API has a shape of its own.
		const error = errorBodySchema.safeParse(told).data?.errors[0]?.code ?? apiErrorSchema.safeParse(told).data?.error.code;
		return {status, headers, body, text: body.toString(), error};
	};

	const request = async (method: string, path: string, {headers, body}: RequestOptions = {}): Promise<Answer> => {
		const answer = await fetch(new URL(path, url), {
			...{method, body, redirect: 'manual', duplex: 'half'},
			headers: {...always, ...headers},
		} as RequestInit);
		return answerOf(answer.status, answer.headers, Buffer.from(await answer.arrayBuffer()));
	};

	const startUpload = async (repo: string): Promise<string> => location(await request('POST', `/v2/${repo}/blobs/uploads/`));

	return {
		request,
		get: (path: string, headers?: Record<string, string>) => request('GET', path, {headers}),
		head: (path: string, headers?: Record<string, string>) => request('HEAD', path, {headers}),
		delete: (path: string) => request('DELETE', path),
		startUpload,

		/** The path exactly as it is given; `fetch` would resolve what climbs in it. */
		async raw(method: string, path: string): Promise<Answer> {
			const {hostname, port} = new URL(url);
			const sent = sendRaw({method, path, hostname, port, headers: always}).end();
			const [answer] = (await once(sent, 'response')) as [IncomingMessage];
			return answerOf(
				answer.statusCode ?? 0,
				new Headers(answer.headers as Record<string, string>),
				Buffer.concat(await Array.fromAsync(answer)),
			);
		},

		/** As BuildKit does: POST, then one PUT. */
		async pushBlob(repo: string, bytes: Uint8Array | string, digest: string = digestOf(Buffer.from(bytes))): Promise<Answer> {
			return request('PUT', withDigest(await startUpload(repo), digest), {body: bytes});
		},

		putManifest: (repo: string, reference: string, manifest: unknown, mediaType: string = mediaTypes.ociManifest) =>
			request('PUT', `/v2/${repo}/manifests/${reference}`, {headers: {'Content-Type': mediaType}, body: encode(manifest)}),
	};
};

export const location = ({headers}: Answer): string => headers.get('location') ?? '';

export const withDigest = (path: string, digest: string): string => `${path}${path.includes('?') ? '&' : '?'}digest=${digest}`;

/** A descriptor of these bytes. */
export const describe = (bytes: Uint8Array | string, mediaType: string = mediaTypes.ociLayerGzip) => ({
	mediaType,
	digest: digestOf(Buffer.from(bytes)) as Digest,
	size: Buffer.byteLength(bytes),
});

/** An image manifest of these blobs. */
export const imageOf = (
	config: ReturnType<typeof describe>,
	layers: ReturnType<typeof describe>[],
	more: Record<string, unknown> = {},
) => ({
	schemaVersion: 2,
	mediaType: mediaTypes.ociManifest,
	config,
	layers,
	...more,
});

export const encode = (manifest: unknown): Uint8Array | string =>
	typeof manifest === 'string' || manifest instanceof Uint8Array ? manifest : JSON.stringify(manifest);
