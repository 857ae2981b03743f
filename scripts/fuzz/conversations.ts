/** What the fuzzers say on a connection: valid requests, nearly valid ones and garbage, in any order, with any credential. */
import fc from 'fast-check';
import {createUploadId, formatRequest, mediaTypes, type OciRequest} from 'oci-spec-types';
import {bodies, headerNames, headerValues, pathPieces, rawRequests} from './corpus.ts';
import {blobs, digests, knownRepositories, tags} from './world.ts';

/** `credential` is a number: which one it is, the target says. `body` is sent with its length. */
export type PlainStep = {
	kind: 'request';
	method: string;
	path: string;
	headers: readonly (readonly [string, string])[];
	body: Buffer;
	credential: number;
};
/** An upload that a step before, maybe on another connection, has begun: `which` of those that are known. */
export type UploadStep = {
	kind: 'upload';
	which: number;
	method: string;
	query: string;
	headers: PlainStep['headers'];
	body: Buffer;
	credential: number;
};
/** The last word on its connection. */
export type RawStep = {kind: 'raw'; bytes: Buffer};
export type Step = PlainStep | UploadStep | RawStep;
export type Conversation = readonly Step[];

const of = <T>(values: readonly T[]) => fc.constantFrom(...values);
const weighted = <T>(...arbitraries: [weight: number, arbitrary: fc.Arbitrary<T>][]): fc.Arbitrary<T> =>
	fc.oneof(...arbitraries.map(([weight, arbitrary]) => ({weight, arbitrary})));

const repo = of(knownRepositories);
const digest = of(digests);
const tag = of(tags);
const reference = fc.oneof(tag, digest);
const blob = of(blobs);
const credential = fc.nat({max: 255});
const upload = fc.nat({max: 1e6}).map(now => createUploadId(1_764_000_000_000 + now, Buffer.alloc(10, 7)));
const n = fc.option(fc.constantFrom(0, 1, 2, 1000), {nil: undefined});
const page = fc.tuple(n, fc.option(fc.constantFrom('a', 'open/app', 'vault/app', ''), {nil: undefined})).map(([n, last]) => ({
	...(n !== undefined && {n}),
	...(last && {last}),
}));

const kind = <const K extends OciRequest['kind']>(name: K) => fc.constant(name);
const reads: fc.Arbitrary<OciRequest> = fc.oneof(
	fc.record({kind: kind('ping')}),
	fc.record({kind: fc.constantFrom('blob.get', 'blob.head'), repo, digest}),
	fc.record({kind: fc.constantFrom('manifest.get', 'manifest.head'), repo, reference}),
	fc.record({kind: kind('tags.list'), repo, page}),
	fc.record({kind: kind('referrers.list'), repo, digest, page}),
	fc.record({kind: kind('catalog.list'), page}),
	fc.record({kind: kind('upload.status'), repo, upload}),
);
const removals: fc.Arbitrary<OciRequest> = fc.oneof(
	fc.record({kind: fc.constantFrom('blob.delete', 'manifest.delete'), repo, digest}),
	fc.record({kind: kind('tag.delete'), repo, tag}),
	fc.record({kind: kind('upload.cancel'), repo, upload}),
);
const starts: fc.Arbitrary<OciRequest> = fc.oneof(
	fc.record({kind: kind('upload.start'), repo}),
	fc.record({kind: kind('upload.mount'), repo, digest, from: repo}),
);

const header = weighted(
	[3, fc.tuple(of(headerNames), of(headerValues))],
	[1, fc.tuple(of(headerNames), fc.string({unit: fc.constantFrom(...'a1 ,;="-*/\t\x9b\xff'), maxLength: 40}))],
);
const headers = weighted<[string, string][]>([4, fc.constant([])], [2, fc.array(header, {minLength: 1, maxLength: 3})]);
const empty = Buffer.alloc(0);

const requestOf = (request: OciRequest, body: Buffer = empty, more: [string, string][] = [], credential = 0): PlainStep => {
	const {method, path} = formatRequest(request);
	return {kind: 'request', method, path, headers: more, body, credential};
};

const plain = weighted([5, reads], [2, starts], [1, removals]);
const asked = fc.tuple(plain, headers, credential).map(([request, more, credential]) => requestOf(request, empty, more, credential));

const whole = fc.tuple(repo, blob, digest, fc.boolean(), headers, credential).map(([repo, body, other, isRight, more, credential]) => {
	const named = digests[blobs.indexOf(body)];
	return requestOf({kind: 'upload.whole', repo, digest: isRight && named ? named : other}, body, more, credential);
});

const descriptor = fc.tuple(
	digest,
	fc.constantFrom(0, 2, 100, 1000, 5000, 20_000),
	fc.constantFrom(...Object.values(mediaTypes)),
	fc.boolean(),
);
const descriptorOf = ([digest, size, mediaType, isRight]: [(typeof digests)[number], number, string, boolean]) => ({
	mediaType,
	digest,
	size: isRight ? (blobs[digests.indexOf(digest)]?.length ?? size) : size,
});
const manifest = fc
	.record({
		config: descriptor.map(descriptorOf),
		layers: fc.array(descriptor.map(descriptorOf), {maxLength: 4}),
		subject: fc.option(descriptor.map(descriptorOf), {nil: undefined}),
		isIndex: fc.boolean(),
		annotations: fc.option(fc.dictionary(fc.constantFrom('a', '__proto__', 'org.opencontainers.ref.name'), fc.string({maxLength: 10})), {
			nil: undefined,
		}),
		isCache: fc.boolean(),
	})
	.map(({config, layers, subject, isIndex, annotations, isCache}) => {
		const mediaType = isIndex ? mediaTypes.ociIndex : mediaTypes.ociManifest;
		const own = isCache ? {...config, mediaType: 'application/vnd.buildkit.cacheconfig.v0'} : config;
		const lists = isIndex ? {manifests: [own, ...layers]} : {config: own, layers};
		return {mediaType, bytes: Buffer.from(JSON.stringify({schemaVersion: 2, mediaType, ...lists, subject, annotations}))};
	});
const manifestBody = weighted<{mediaType: string; bytes: Buffer}>(
	[4, manifest],
	[1, fc.tuple(of(bodies), of(headerValues)).map(([body, mediaType]) => ({mediaType, bytes: Buffer.from(body)}))],
);
const pushes = fc
	.tuple(repo, reference, manifestBody, headers, credential)
	.map(([repo, reference, {mediaType, bytes}, more, credential]) =>
		requestOf({kind: 'manifest.put', repo, reference, tags: []}, bytes, [['Content-Type', mediaType], ...more], credential),
	);

const sizes = fc.constantFrom('', 'size=0', 'size=100', 'size=99999', 'size=-1');
const uploadStep = fc
	.tuple(
		fc.nat({max: 63}),
		fc.constantFrom('PATCH', 'PATCH', 'PUT', 'PUT', 'GET', 'DELETE'),
		sizes,
		digest,
		blob,
		fc.boolean(),
		headers,
		credential,
	)
	.map(([which, method, size, other, body, isRight, more, credential]): UploadStep => {
		const named = isRight ? (digests[blobs.indexOf(body)] ?? other) : other;
		const query = [size, method === 'PUT' ? `digest=${named}` : ''].filter(Boolean).join('&');
		return {kind: 'upload', which, method, query, headers: more, body: method === 'GET' || method === 'DELETE' ? empty : body, credential};
	});

const scope = fc
	.tuple(
		fc.constantFrom('repository', 'registry', 'repository(plugin)', ''),
		repo,
		of(pathPieces),
		fc.boolean(),
		fc.constantFrom('pull', 'pull,push', '*', 'delete', 'admin', ''),
	)
	.map(([type, repo, piece, isBent, actions]) => `${type}:${isBent ? repo + piece : repo}:${actions}`);
const tokenQuery = fc
	.tuple(
		fc.array(scope, {maxLength: 4}),
		fc.boolean(),
		fc.constantFrom('', '&service=x', '&account=a', '&offline_token=true', '&client_id=x'),
	)
	.map(([scopes, isJoined, more]) => {
		const parts = isJoined ? [scopes.join(' ')] : scopes;
		return parts.map(each => `scope=${encodeURIComponent(each.toWellFormed())}`).join('&') + more;
	});
const form = 'application/x-www-form-urlencoded';
const tokenRequests = fc
	.tuple(
		fc.boolean(),
		tokenQuery,
		fc.constantFrom('password', 'refresh_token', 'client_credentials', ''),
		of(bodies),
		fc.boolean(),
		credential,
	)
	.map(([isPost, query, grant, garbage, isBent, credential]): PlainStep => {
		if (!isPost) return {kind: 'request', method: 'GET', path: `/token?${query}`, headers: [], body: empty, credential};
		const fields = `grant_type=${grant}&username=fuzzer&password=x&refresh_token=x&${query}`;
		const body = isBent ? Buffer.from(garbage) : Buffer.from(fields);
		return {kind: 'request', method: 'POST', path: '/token', headers: [['Content-Type', form]], body, credential};
	});

const otherPaths = fc.constantFrom(
	...[
		'/',
		'/livez',
		'/readyz',
		'/metrics',
		'/ui',
		'/ui/repositories',
		'/ui/refs/vault%2Fapp:main',
		'/ui/sign-in',
		'/ui/prune',
		'/ui/assets/x',
	],
	...[
		'/api/v1/openapi.json',
		'/api/v1/refs/vault/app:main',
		'/api/v1/refs/open/app:main',
		'/api/v1/usage',
		'/api/v1/prune',
		'/api/v1/gc/status',
	],
	...['/api/v1/tokens', '/api/v1/audit', '/api/v1/jobs/x', '/api', '/v1/', '/nothing'],
);
const others = fc
	.tuple(otherPaths, fc.constantFrom('GET', 'GET', 'HEAD', 'POST', 'PUT', 'DELETE'), of(bodies), headers, credential)
	.map(([path, method, body, more, credential]): PlainStep => {
		const hasBody = method === 'POST' || method === 'PUT';
		return {kind: 'request', method, path, headers: more, body: hasBody ? Buffer.from(body) : empty, credential};
	});

/** Anything above with pieces put into its path, another method, or other headers. */
const bent = fc
	.tuple(
		fc.oneof(asked, pushes, whole),
		fc.array(fc.tuple(fc.nat({max: 200}), fc.nat({max: 3}), of(pathPieces)), {maxLength: 3}),
		fc.constantFrom(undefined, undefined, 'GET', 'PUT', 'POST', 'PATCH', 'DELETE', 'OPTIONS', 'PROPFIND', 'get', 'X'),
		fc.array(header, {maxLength: 4}),
	)
	.map(([step, pieces, method, more]): PlainStep => {
		const bend = (path: string, [at, length, piece]: [number, number, string]) => {
			const place = Math.min(at, path.length);
			return path.slice(0, place) + piece + path.slice(place + length);
		};
		return {...step, method: method ?? step.method, path: pieces.reduce(bend, step.path), headers: [...step.headers, ...more]};
	});

const raw = weighted<Buffer>(
	[4, of(rawRequests).map(text => Buffer.from(text, 'latin1'))],
	[1, fc.uint8Array({maxLength: 300}).map(bytes => Buffer.from(bytes))],
	[2, fc.tuple(of(rawRequests), of(rawRequests)).map(([a, b]) => Buffer.from(a + b, 'latin1'))],
	[2, fc.tuple(of(rawRequests), fc.nat({max: 200})).map(([text, at]) => Buffer.from(text.slice(0, at), 'latin1'))],
).map((bytes): RawStep => ({kind: 'raw', bytes}));

const step: fc.Arbitrary<PlainStep | UploadStep> = weighted<PlainStep | UploadStep>(
	[6, asked],
	[3, uploadStep],
	[2, whole],
	[2, pushes],
	[3, bent],
	[1, tokenRequests],
	[1, others],
);

/** Some dozens of requests on one connection; each fourth ends with garbage. */
export const conversations: fc.Arbitrary<Conversation> = fc
	.tuple(fc.array(step, {minLength: 1, maxLength: 40, size: 'max'}), fc.option(raw, {nil: undefined, freq: 3}))
	.map(([steps, last]) => (last ? [...steps, last] : steps));
