/** A request to a signed URL, sent as it is: parsing the URL would change keys with odd parts. */
import type {S3} from './client.ts';

export type SignedAnswer = {status: number; headers: Record<string, string | string[] | undefined>; body: string};

/** `silenceSeconds`: S3 may be silent for this long, where that is not as long as for anything else. */
type SentWith = {headers?: Record<string, string>; body?: Uint8Array; silenceSeconds?: number};

export const signedRequest = async (
	s3: S3,
	method: 'GET' | 'PUT' | 'DELETE',
	url: string,
	{silenceSeconds = s3.tuning.idleSeconds, ...sentWith}: SentWith = {},
): Promise<SignedAnswer> => {
	const limits = {headersTimeout: silenceSeconds * 1000, bodyTimeout: silenceSeconds * 1000};
	const {statusCode: status, headers, body} = await s3.agent.request({...targetOf(url), method, ...limits, ...sentWith});
	return {status, headers, body: await body.text()};
};

/** A PUT that announces more bytes than it sends, and breaks off. */
export const cutSignedPut = async (s3: S3, url: string): Promise<void> => {
	const body = async function* () {
		yield Buffer.from('half of it');
		throw new Error('cut');
	};
	// Undici takes any iterable; its types know only streams.
	const options = {method: 'PUT', headers: {'content-length': '1000'}, body: body() as unknown as Uint8Array} as const;
	await s3.agent.request({...targetOf(url), ...options}).then(
		answer => answer.body.dump(),
		() => undefined,
	);
};

const targetOf = (url: string) => {
	const [, origin = '', path = ''] = /^(https?:\/\/[^/]+)(\/.*)$/.exec(url) ?? [];
	return {origin, path};
};
