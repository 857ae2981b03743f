/** What S3, or the way to it, refuses: as StoreUnavailable with a sentence that says what to check. Never with credentials or signatures in it. */
import {StoreUnavailable} from '../objectStore.ts';
import type {S3Settings} from './settings.ts';

/** `code` is S3's or Node's name for it; `status` S3's answer, if there was one. */
export class S3Failure extends StoreUnavailable {
	readonly code: string;
	readonly status: number | undefined;
	constructor(message: string, {code, status, ...options}: ErrorOptions & {code: string; status: number | undefined}) {
		super(message, options);
		this.code = code;
		this.status = status;
	}
}

export const explain = (error: unknown, operation: string, settings: S3Settings): S3Failure => {
	const {code, status, message, requestId, region} = factsOf(error);
	const who = `S3 (bucket ${settings.bucket} at ${settings.endpoint?.host ?? 'AWS'})`;
	const words = code === unnamed ? [status] : [status, code, message && message !== code ? `"${message}"` : undefined];
	const said = words.filter(word => word !== undefined).join(' ');
	// A HEAD has no body that could say so.
	const hint = operation === 'HeadBucket' && status === 404 ? hints.NoSuchBucket : hintFor(code, status, region);
	const cause = Object.assign(new Error(message), {name: code, status, requestId});
	return new S3Failure(`${who} failed ${operation} with ${said}${hint ? `: ${hint}` : ''}`, {code, status, cause});
};

const hintFor = (code: string, status: number | undefined, region: string | undefined) => {
	if (region && (status === 301 || status === 400) && wrongRegion.includes(code))
		return `the bucket lies in ${region}: set LAYERCACHE_S3_REGION=${region}`;
	return hints[code] ?? (status === undefined ? undefined : hintsByStatus[status]);
};

const wrongRegion = ['PermanentRedirect', 'AuthorizationHeaderMalformed', 'IllegalLocationConstraintException', 'Unknown'];

const credentials = "check the credentials in AWS's usual places (AWS_ACCESS_KEY_ID, a profile, the role of the pod or machine)";
const permissions =
	'give the credentials the rights in deploy/iam-policy.json: s3:GetObject, s3:PutObject, s3:DeleteObject, s3:AbortMultipartUpload on the objects, s3:ListBucket on the bucket';
const endpoint = 'check LAYERCACHE_S3_ENDPOINT and whether S3 can be reached from here';
const tls = "S3's certificate is not trusted here: check LAYERCACHE_S3_ENDPOINT, or name your own authority in NODE_EXTRA_CA_CERTS";
const regionUnset = 'set LAYERCACHE_S3_REGION to the region of the bucket';
const clock = "the clock of this machine and S3's differ too much: set this one right (NTP)";
const passing = "S3 is overloaded or has a bad minute: layercache repeats requests for a while; look at S3's own state if it lasts";

const contended = 'others were busy with the same object for longer than layercache waits: it can be tried again';

const hints: Readonly<Record<string, string>> = {
	ECONNREFUSED: `nobody listens there; ${endpoint}`,
	ECONNRESET: endpoint,
	EPIPE: endpoint,
	EHOSTUNREACH: endpoint,
	ENETUNREACH: endpoint,
	ENOTFOUND: `there is no such host; ${endpoint} and LAYERCACHE_S3_FORCE_PATH_STYLE (bucket names as part of the host name need DNS for it)`,
	EAI_AGAIN: `the name could not be resolved; ${endpoint}`,
	ETIMEDOUT: endpoint,
	TimeoutError: endpoint,
	UND_ERR_CONNECT_TIMEOUT: `no connection in time; ${endpoint}`,
	UND_ERR_HEADERS_TIMEOUT: `no answer in time; ${endpoint}`,
	UND_ERR_BODY_TIMEOUT: `the answer stopped; ${endpoint}`,
	UND_ERR_SOCKET: `the connection broke; ${endpoint}`,
	EPROTO: `no TLS there; ${endpoint} (http or https?)`,
	ERR_SSL_WRONG_VERSION_NUMBER: `no TLS there; ${endpoint} (http or https?)`,
	DEPTH_ZERO_SELF_SIGNED_CERT: tls,
	SELF_SIGNED_CERT_IN_CHAIN: tls,
	UNABLE_TO_VERIFY_LEAF_SIGNATURE: tls,
	UNABLE_TO_GET_ISSUER_CERT_LOCALLY: tls,
	CERT_HAS_EXPIRED: tls,
	ERR_TLS_CERT_ALTNAME_INVALID: tls,
	CredentialsProviderError: `no credentials were found; ${credentials}`,
	TokenProviderError: credentials,
	InvalidAccessKeyId: `S3 does not know this access key; ${credentials}`,
	SignatureDoesNotMatch: `the secret key does not fit the access key, or a proxy changes requests on the way; ${credentials}`,
	ExpiredToken: `the session has expired; ${credentials}`,
	ExpiredTokenException: `the session has expired; ${credentials}`,
	InvalidToken: `the session token is not valid; ${credentials}`,
	TokenRefreshRequired: credentials,
	RequestTimeTooSkewed: clock,
	RequestExpired: clock,
	AccessDenied: permissions,
	AllAccessDisabled: 'the bucket is disabled',
	AccountProblem: 'ask whoever owns the account',
	NoSuchBucket: 'there is no such bucket: check LAYERCACHE_S3_BUCKET, LAYERCACHE_S3_REGION and LAYERCACHE_S3_ENDPOINT, or create it',
	InvalidBucketName: 'check LAYERCACHE_S3_BUCKET',
	PermanentRedirect: regionUnset,
	AuthorizationHeaderMalformed: regionUnset,
	IllegalLocationConstraintException: regionUnset,
	OperationAborted: contended,
	ConditionalRequestConflict: contended,
	InvalidObjectState: "the object was archived: take the bucket's transition rules off layercache's prefix",
	XMinioStorageFull: 'the disks of S3 are full',
	QuotaExceeded: "the bucket's quota is used up",
	'KMS.DisabledException': "the bucket's KMS key is disabled",
	'KMS.NotFoundException': "the bucket's KMS key is gone",
};

// A HEAD that is refused says no more than this.
const hintsByStatus: Readonly<Record<number, string>> = {
	301: regionUnset,
	400: 'check LAYERCACHE_S3_REGION and whether the credentials have expired',
	403: `${permissions}; ${credentials}`,
	429: passing,
	500: passing,
	502: passing,
	503: passing,
	504: passing,
	507: 'the disks of S3 are full',
};

/** What the SDK calls an answer without a body. */
const unnamed = 'Unknown';

type Facts = {code: string; status: number | undefined; message: string; requestId: string | undefined; region: string | undefined};

const factsOf = (error: unknown): Facts => {
	if (!(error instanceof Error)) return {code: 'Error', status: undefined, message: String(error), requestId: undefined, region: undefined};
	const {name, message, code, $metadata, $response} = error as Error & {
		code?: unknown;
		$metadata?: {httpStatusCode?: number; requestId?: string};
		$response?: {headers?: Record<string, string>};
	};
	return {
		// The SDK calls its own time-outs and all errors of undici by name, Node its own by code, S3 its own by name.
		code: typeof code === 'string' ? code : name,
		status: $metadata?.httpStatusCode,
		message,
		requestId: $metadata?.requestId,
		region: $response?.headers?.['x-amz-bucket-region'],
	};
};
