/** The error codes of the distribution-spec, the status and sentence each is answered with, and the one error that carries them. */
import {z} from 'zod';

/** Codes 1 to 14 of the distribution-spec, then those that registries answer beside them. */
export type ErrorCode =
	| 'BLOB_UNKNOWN'
	| 'BLOB_UPLOAD_INVALID'
	| 'BLOB_UPLOAD_UNKNOWN'
	| 'DIGEST_INVALID'
	| 'MANIFEST_BLOB_UNKNOWN'
	| 'MANIFEST_INVALID'
	| 'MANIFEST_UNKNOWN'
	| 'NAME_INVALID'
	| 'NAME_UNKNOWN'
	| 'SIZE_INVALID'
	| 'UNAUTHORIZED'
	| 'DENIED'
	| 'UNSUPPORTED'
	| 'TOOMANYREQUESTS'
	| 'TAG_INVALID'
	| 'RANGE_INVALID'
	| 'PAGINATION_NUMBER_INVALID'
	| 'UNAVAILABLE'
	| 'UNKNOWN';

/** `status` is the HTTP status of an answer that says nothing else, `message` the sentence in its body, `source` the text that defines the code. */
export type ErrorFacts = {readonly status: number; readonly message: string; readonly source: string};

const legacy = 'distribution-spec, "Legacy Docker support error codes"';
const distribution = 'CNCF Distribution, registry/api/errcode';

/** Every code with its facts. The spec gives codes and sentences, and statuses per endpoint only: where it leaves one open, CNCF Distribution's is taken. */
export const errorTable: {readonly [code in ErrorCode]: ErrorFacts} = {
	BLOB_UNKNOWN: {status: 404, message: 'blob unknown to registry', source: 'distribution-spec, code-1'},
	BLOB_UPLOAD_INVALID: {status: 400, message: 'blob upload invalid', source: 'distribution-spec, code-2'},
	BLOB_UPLOAD_UNKNOWN: {status: 404, message: 'blob upload unknown to registry', source: 'distribution-spec, code-3'},
	DIGEST_INVALID: {status: 400, message: 'provided digest did not match uploaded content', source: 'distribution-spec, code-4'},
	MANIFEST_BLOB_UNKNOWN: {
		status: 400,
		message: 'manifest references a manifest or blob unknown to registry',
		source: 'distribution-spec, code-5',
	},
	MANIFEST_INVALID: {status: 400, message: 'manifest invalid', source: 'distribution-spec, code-6'},
	MANIFEST_UNKNOWN: {status: 404, message: 'manifest unknown to registry', source: 'distribution-spec, code-7'},
	NAME_INVALID: {status: 400, message: 'invalid repository name', source: 'distribution-spec, code-8'},
	NAME_UNKNOWN: {status: 404, message: 'repository name not known to registry', source: 'distribution-spec, code-9'},
	SIZE_INVALID: {status: 400, message: 'provided length did not match content length', source: 'distribution-spec, code-10'},
	UNAUTHORIZED: {status: 401, message: 'authentication required', source: 'distribution-spec, code-11'},
	DENIED: {status: 403, message: 'requested access to the resource is denied', source: 'distribution-spec, code-12'},
	UNSUPPORTED: {status: 405, message: 'the operation is unsupported', source: 'distribution-spec, code-13'},
	TOOMANYREQUESTS: {status: 429, message: 'too many requests', source: 'distribution-spec, code-14'},
	TAG_INVALID: {status: 400, message: 'manifest tag did not match URI', source: legacy},
	RANGE_INVALID: {status: 416, message: 'invalid content range', source: distribution},
	PAGINATION_NUMBER_INVALID: {status: 400, message: 'invalid number of results requested', source: distribution},
	UNAVAILABLE: {status: 503, message: 'service unavailable', source: distribution},
	UNKNOWN: {status: 500, message: 'unknown error', source: distribution},
};

/** `message`, `status`: instead of the table's. `headers`: for the answer, e.g. `Allow`. `cause`: what was translated into this error. */
export type OciErrorOptions = {message?: string; status?: number; headers?: Readonly<Record<string, string>>; cause?: unknown};

/** What every parser here, and a registry built on them, throws for a request that cannot be answered. `detail` goes into the answer: JSON, no secrets. */
export class OciError extends Error {
	readonly code: ErrorCode;
	readonly status: number;
	readonly detail: unknown;
	readonly headers: Readonly<Record<string, string>>;

	constructor(code: ErrorCode, detail?: unknown, options: OciErrorOptions = {}) {
		super(options.message ?? errorTable[code].message, options.cause === undefined ? undefined : {cause: options.cause});
		this.name = 'OciError';
		this.code = code;
		this.status = options.status ?? errorTable[code].status;
		this.detail = detail;
		this.headers = options.headers ?? {};
	}
}

/** The JSON body of an error answer. */
export type ErrorBody = {errors: {code: string; message?: string | null; detail?: unknown}[]};

/** Errors to the body of their answer (distribution-spec, "Error Codes"). */
export const formatErrors = (errors: OciError | readonly OciError[]): {errors: {code: ErrorCode; message: string; detail?: unknown}[]} => ({
	errors: [errors].flat().map(({code, message, detail}) => (detail === undefined ? {code, message} : {code, message, detail})),
});

/** The body of an error answer, for clients and tests. Loose where the spec says OPTIONAL. */
export const errorBodySchema: z.ZodType<ErrorBody> = z.looseObject({
	errors: z.array(
		z.looseObject({
			// "MUST be a unique identifier, containing only uppercase alphabetic characters and underscores"
			code: z.string().regex(/^[A-Z_]+$/),
			message: z.string().nullish(),
			detail: z.unknown().optional(),
		}),
	),
});
