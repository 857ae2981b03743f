/** The S3 that ECR sends downloads to (open-policy-agent/opa#6580: a 307): layers by URLs that are good for a while, and nobody else's credentials. */
import {createHmac} from 'node:crypto';
import type {IncomingMessage} from 'node:http';
import type {EcrAnswer} from './answers.ts';
import type {EcrState} from './state.ts';

export const answerStorage = async ({inner, now}: EcrState, {method = '', url = '', headers}: IncomingMessage): Promise<EcrAnswer> => {
	const asked = new URL(url, 'http://storage');
	// AWS does not choose between two: a token that was meant for the registry is an error here.
	if (headers.authorization !== undefined)
		return failed(
			400,
			'InvalidArgument',
			'Only one auth mechanism allowed; only the X-Amz-Algorithm query parameter, Signature query string parameter or the Authorization header should be specified',
		);
	const expires = Number(asked.searchParams.get('Expires'));
	if (asked.searchParams.get('X-Amz-Signature') !== signatureOf(asked.pathname, expires)) return failed(403, 'SignatureDoesNotMatch', '');
	if (now().getTime() > expires) return failed(403, 'AccessDenied', 'Request has expired');
	// A URL that was signed for GET is none for HEAD.
	if (method !== 'GET') return failed(403, 'SignatureDoesNotMatch', '');
	const {status, headers: told, body} = await inner.ask('GET', asked.pathname, {headers: headers.range ? {range: headers.range} : {}});
	const kept = ['content-length', 'content-range', 'content-type', 'etag'].flatMap(name => (told[name] ? [[name, told[name]]] : []));
	return {status, headers: Object.fromEntries(kept), body};
};

/** Where this path behind is read for the next hour. */
export const signedUrl = ({storage, now}: EcrState, path: string): string => {
	const expires = now().getTime() + 3_600_000;
	const query = new URLSearchParams({
		'X-Amz-Algorithm': 'AWS4-HMAC-SHA256',
		Expires: String(expires),
		'X-Amz-Signature': signatureOf(path, expires),
	});
	return `${storage}${path}?${query}`;
};

const signatureOf = (path: string, expires: number) => createHmac('sha256', 'of the double').update(`${path} ${expires}`).digest('hex');

const failed = (status: number, code: string, message: string): EcrAnswer => ({
	status,
	headers: {'content-type': 'application/xml'},
	body: `<?xml version="1.0" encoding="UTF-8"?><Error><Code>${code}</Code><Message>${message}</Message></Error>`,
});
