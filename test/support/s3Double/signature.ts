/** AWS's signature, version 4, checked as AWS does: in the header or in the query, never both. */
import {createHash, createHmac} from 'node:crypto';
import {S3Refusal} from './refusal.ts';

export type Credentials = {accessKeyId: string; secretAccessKey: string; sessionToken?: string};

export type SignedRequest = {
	method: string;
	/** As it came, still encoded. */
	path: string;
	query: ReadonlyMap<string, string>;
	headers: Readonly<Record<string, string>>;
};

/** `others` may sign besides. */
export type Trust = {
	credentials: Credentials;
	others?: readonly Credentials[];
	region: string;
	now: Date;
	isExpired: boolean;
	forgetsExpiry?: true;
};

/** The payload's hash that was signed, or UNSIGNED-PAYLOAD. Throws S3Refusal. */
export const checkSignature = (request: SignedRequest, trust: Trust): string => {
	const inHeader = request.headers.authorization !== undefined;
	const inQuery = request.query.has('X-Amz-Signature') || request.query.has('X-Amz-Algorithm');
	if (inHeader && inQuery)
		throw new S3Refusal(
			400,
			'InvalidArgument',
			'Only one auth mechanism allowed; only the X-Amz-Algorithm query parameter, Signature query string parameter or the Authorization header should be specified',
		);
	if (inHeader) return checkHeader(request, trust);
	if (inQuery) return checkQuery(request, trust);
	throw new S3Refusal(403, 'AccessDenied', 'Access Denied');
};

/** Who claims to have signed it. */
export const accessKeyOf = ({query, headers}: Pick<SignedRequest, 'query' | 'headers'>): string | undefined =>
	(query.get('X-Amz-Credential') ?? /Credential=([^,]+)/.exec(headers.authorization ?? '')?.[1])?.split('/')[0];

const algorithm = 'AWS4-HMAC-SHA256';
const skewMs = 15 * 60 * 1000;

const checkHeader = (request: SignedRequest, trust: Trust) => {
	const {headers} = request;
	const [, credential = '', signedHeaders = '', signature = ''] =
		/^AWS4-HMAC-SHA256 Credential=([^,]+), ?SignedHeaders=([^,]+), ?Signature=([0-9a-f]{64})$/.exec(headers.authorization ?? '') ?? [];
	if (!signature) throw new S3Refusal(400, 'AuthorizationHeaderMalformed', 'The authorization header is malformed');
	const date = headers['x-amz-date'] ?? '';
	const payload = headers['x-amz-content-sha256'];
	if (payload === undefined) throw new S3Refusal(400, 'InvalidRequest', 'Missing required header for this request: x-amz-content-sha256');
	if (Math.abs(parseDate(date).getTime() - trust.now.getTime()) > skewMs)
		throw new S3Refusal(403, 'RequestTimeTooSkewed', 'The difference between the request time and the current time is too large.');
	check(request, trust, {credential, signedHeaders, signature, date, payload, token: headers['x-amz-security-token']});
	return payload;
};

const checkQuery = (request: SignedRequest, trust: Trust) => {
	const {query} = request;
	const parameter = (name: string) => {
		const value = query.get(name);
		if (value === undefined) throw new S3Refusal(400, 'AuthorizationQueryParametersError', `Query-string authentication requires ${name}`);
		return value;
	};
	const date = parameter('X-Amz-Date');
	const lifeSeconds = Number(parameter('X-Amz-Expires'));
	if (!(lifeSeconds >= 0 && lifeSeconds <= 604_800))
		throw new S3Refusal(400, 'AuthorizationQueryParametersError', 'X-Amz-Expires must be less than a week');
	const start = parseDate(date).getTime();
	if (trust.now.getTime() < start - skewMs) throw new S3Refusal(403, 'AccessDenied', 'Request is not valid yet');
	if (trust.now.getTime() > start + lifeSeconds * 1000 && !trust.forgetsExpiry)
		throw new S3Refusal(403, 'AccessDenied', 'Request has expired');
	const payload = query.get('X-Amz-Content-Sha256') ?? 'UNSIGNED-PAYLOAD';
	check(request, trust, {
		credential: parameter('X-Amz-Credential'),
		signedHeaders: parameter('X-Amz-SignedHeaders'),
		signature: parameter('X-Amz-Signature'),
		date,
		payload,
		token: query.get('X-Amz-Security-Token'),
	});
	return payload;
};

type Claim = {credential: string; signedHeaders: string; signature: string; date: string; payload: string; token: string | undefined};

const check = (request: SignedRequest, {credentials: main, others = [], region: ours, isExpired}: Trust, claim: Claim) => {
	const [accessKeyId, day = '', region = '', service, ending] = claim.credential.split('/');
	const credentials = [main, ...others].find(each => each.accessKeyId === accessKeyId);
	if (!credentials) throw new S3Refusal(403, 'InvalidAccessKeyId', 'The AWS Access Key Id you provided does not exist in our records.');
	if (isExpired) throw new S3Refusal(400, 'ExpiredToken', 'The provided token has expired.');
	if (claim.token !== credentials.sessionToken)
		throw new S3Refusal(400, 'InvalidToken', 'The provided token is malformed or otherwise invalid.');
	if (region !== ours)
		throw new S3Refusal(
			400,
			'AuthorizationHeaderMalformed',
			`The authorization header is malformed; the region '${region}' is wrong; expecting '${ours}'`,
			{
				'x-amz-bucket-region': ours,
			},
		);
	if (service !== 's3' || ending !== 'aws4_request' || !claim.date.startsWith(day))
		throw new S3Refusal(403, 'SignatureDoesNotMatch', 'Credential scope');
	const names = claim.signedHeaders.split(';');
	const unsigned = Object.keys(request.headers).filter(name => name.startsWith('x-amz-') && !names.includes(name));
	if (unsigned.length > 0 || !names.includes('host'))
		throw new S3Refusal(403, 'AccessDenied', `There were headers present in the request which were not signed: ${unsigned.join(', ')}`);
	if (signatureOf(request, names, claim, `${day}/${region}/s3/aws4_request`, credentials.secretAccessKey) !== claim.signature)
		throw new S3Refusal(403, 'SignatureDoesNotMatch', 'The request signature we calculated does not match the signature you provided.');
};

const signatureOf = (
	{method, path, query, headers}: SignedRequest,
	names: readonly string[],
	{date, payload}: Claim,
	scope: string,
	secret: string,
) => {
	const pairs = [...query].filter(([name]) => name !== 'X-Amz-Signature').map(([name, value]) => `${escapeUri(name)}=${escapeUri(value)}`);
	const canonical = [
		method,
		decodeURIComponent(path).split('/').map(escapeUri).join('/'),
		pairs.sort().join('&'),
		...names.map(name => `${name}:${(headers[name] ?? '').trim().replace(/ +/g, ' ')}`),
		'',
		names.join(';'),
		payload,
	].join('\n');
	const toSign = [algorithm, date, scope, createHash('sha256').update(canonical).digest('hex')].join('\n');
	const key = scope.split('/').reduce<Buffer>((last, part) => hmac(last, part), Buffer.from(`AWS4${secret}`));
	return hmac(key, toSign).toString('hex');
};

const hmac = (key: Buffer, text: string) => createHmac('sha256', key).update(text).digest();

const escapeUri = (text: string) =>
	encodeURIComponent(text).replace(/[!'()*]/g, sign => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`);

const parseDate = (text: string) => {
	const [, year, month, day, hour, minute, second] = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(text) ?? [];
	if (second === undefined) throw new S3Refusal(403, 'AccessDenied', 'X-Amz-Date must be in the ISO8601 Long Format');
	return new Date(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`);
};
