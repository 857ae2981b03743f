/** A registry client that shows everything: no redirect is followed, no error is thrown. */
import {type Digest, digestOf, errorBodySchema, mediaTypes} from 'oci-spec-types';

export type Answer = {status: number; headers: Headers; body: Buffer; text: string; error?: string};
export type Client = ReturnType<typeof createClient>;
type RequestOptions = {headers?: Record<string, string>; body?: string | Uint8Array | AsyncIterable<Uint8Array>};

export const createClient = (url: string) => {
	const request = async (method: string, path: string, {headers, body}: RequestOptions = {}): Promise<Answer> => {
		const answer = await fetch(new URL(path, url), {method, headers, body, redirect: 'manual', duplex: 'half'} as RequestInit);
		const bytes = Buffer.from(await answer.arrayBuffer());
		const parsed = answer.status >= 400 && bytes.length > 0 ? errorBodySchema.safeParse(JSON.parse(bytes.toString())) : undefined;
		return {status: answer.status, headers: answer.headers, body: bytes, text: bytes.toString(), error: parsed?.data?.errors[0]?.code};
	};

	const startUpload = async (repo: string): Promise<string> => location(await request('POST', `/v2/${repo}/blobs/uploads/`));

	return {
		request,
		get: (path: string, headers?: Record<string, string>) => request('GET', path, {headers}),
		head: (path: string, headers?: Record<string, string>) => request('HEAD', path, {headers}),
		delete: (path: string) => request('DELETE', path),
		startUpload,

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
