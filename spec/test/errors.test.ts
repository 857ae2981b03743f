/** errors.ts against the distribution-spec's "Error Codes". */
import test from 'ava';
import {type ErrorCode, errorBodySchema, errorTable, formatErrors, OciError} from '../src/index.ts';

// distribution-spec, "Error Codes", as it stands there.
const specTable = `
| code-1  | \`BLOB_UNKNOWN\`          | blob unknown to registry                                   |
| code-2  | \`BLOB_UPLOAD_INVALID\`   | blob upload invalid                                        |
| code-3  | \`BLOB_UPLOAD_UNKNOWN\`   | blob upload unknown to registry                            |
| code-4  | \`DIGEST_INVALID\`        | provided digest did not match uploaded content             |
| code-5  | \`MANIFEST_BLOB_UNKNOWN\` | manifest references a manifest or blob unknown to registry |
| code-6  | \`MANIFEST_INVALID\`      | manifest invalid                                           |
| code-7  | \`MANIFEST_UNKNOWN\`      | manifest unknown to registry                               |
| code-8  | \`NAME_INVALID\`          | invalid repository name                                    |
| code-9  | \`NAME_UNKNOWN\`          | repository name not known to registry                      |
| code-10 | \`SIZE_INVALID\`          | provided length did not match content length               |
| code-11 | \`UNAUTHORIZED\`          | authentication required                                    |
| code-12 | \`DENIED\`                | requested access to the resource is denied                 |
| code-13 | \`UNSUPPORTED\`           | the operation is unsupported                               |
| code-14 | \`TOOMANYREQUESTS\`       | too many requests                                          |
`;

test('the codes of the spec are there, in its words', t => {
	const rows = [...specTable.matchAll(/\| (code-\d+)\s*\| `([A-Z_]+)`\s*\| (.*?)\s*\|/g)];
	t.is(rows.length, 14);
	for (const [, id, code, message] of rows) t.like(errorTable[code as ErrorCode], {message, source: `distribution-spec, ${id}`}, code);
});

test('every code is made of upper-case letters and underscores and has a status of an error', t => {
	for (const [code, {status, message}] of Object.entries(errorTable)) {
		t.regex(code, /^[A-Z_]+$/);
		t.true(status >= 400 && status < 600 && message.length > 0, code);
	}
});

test('an error takes status and message from the table', t => {
	const error = new OciError('BLOB_UNKNOWN', {digest: 'sha256:…'});
	t.like(error, {
		name: 'OciError',
		code: 'BLOB_UNKNOWN',
		status: 404,
		message: 'blob unknown to registry',
		detail: {digest: 'sha256:…'},
		headers: {},
	});
	t.true(error instanceof Error);
	t.false('cause' in error);
});

test('an error can say more than the table', t => {
	const cause = new Error('disk');
	const options = {message: 'out of order', status: 416, headers: {Range: '0-9'}, cause};
	t.like(new OciError('BLOB_UPLOAD_INVALID', undefined, options), {...options, code: 'BLOB_UPLOAD_INVALID'});
});

test('the body of an error answer has the form of the spec, without an empty detail', t => {
	const body = formatErrors([new OciError('MANIFEST_BLOB_UNKNOWN', {digest: 'a'}), new OciError('DENIED')]);
	t.deepEqual(body, {
		errors: [
			{code: 'MANIFEST_BLOB_UNKNOWN', message: 'manifest references a manifest or blob unknown to registry', detail: {digest: 'a'}},
			{code: 'DENIED', message: 'requested access to the resource is denied'},
		],
	});
	t.deepEqual(errorBodySchema.parse(JSON.parse(JSON.stringify(body))), body);
	t.deepEqual(formatErrors(new OciError('DENIED')).errors.length, 1);
});

test('a client reads bodies without message and detail, and no other JSON', t => {
	t.true(errorBodySchema.safeParse({errors: [{code: 'BLOB_UNKNOWN'}]}).success);
	t.true(errorBodySchema.safeParse({errors: [{code: 'X', message: '', detail: null}]}).success);
	for (const body of [null, [], {}, {errors: {}}, {errors: [{}]}, {errors: [{code: 'not a code'}]}])
		t.false(errorBodySchema.safeParse(body).success);
});
