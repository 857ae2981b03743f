/** Answers of an upstream that are wrong, too long, too slow, or lead elsewhere. */
import {createServer} from 'node:http';
import {inspect} from 'node:util';
import test from 'ava';
import {digestOf, mediaTypes, parseTag} from 'oci-spec-types';
import {UpstreamFailure} from '../../src/upstream/upstream.ts';
import {ci, credentialsOf, repo, startUpstream} from '../support/badUpstream.ts';
import {bodyOf, collect, someBytes} from '../support/bytes.ts';
import {listenOnLoopback} from '../support/loopback.ts';
import {until} from '../support/until.ts';

const v1 = parseTag('v1');
const MiB = 1024 * 1024;

const withBlob = async (t: Parameters<typeof startUpstream>[0], size: number, options: Parameters<typeof startUpstream>[1] = {}) => {
	const upstream = await startUpstream(t, options);
	const bytes = someBytes(size);
	const digest = digestOf(bytes);
	await upstream.behind.putBlob(repo, digest, bodyOf(bytes), size);
	return {...upstream, bytes, digest};
};

test('a blob whose connection breaks is read on from there, as often as it breaks', async t => {
	const {double, registry, bytes, digest} = await withBlob(t, 900_000);
	double.faults = () => (double.requests.length < 4 ? {cutAfterBytes: 250_000} : undefined);
	t.true((await collect((await registry.readBlob(repo, digest)).body)).equals(bytes));
	t.is(double.requests.length, 4);
	for (const {headers} of double.requests.slice(1)) t.regex(headers.range ?? '', /^bytes=\d+-899999$/);
});

test('a part of a blob is read on within its part', async t => {
	const {double, registry, bytes, digest} = await withBlob(t, 500_000);
	double.faults = () => (double.requests.length < 2 ? {cutAfterBytes: 50_000} : undefined);
	const content = await registry.readBlob(repo, digest, {start: 100_000, end: 299_999});
	t.true((await collect(content.body)).equals(bytes.subarray(100_000, 300_000)));
	t.is(double.requests.length, 2);
	t.regex(double.requests[1]?.headers.range ?? '', /^bytes=1\d{5}-299999$/);
});

test('a blob that breaks off without getting anywhere is given up', async t => {
	const {double, registry, digest} = await withBlob(t, 100_000);
	double.faults = () => ({cutAfterBytes: 0});
	const error = await t.throwsAsync(collect((await registry.readBlob(repo, digest)).body), {instanceOf: UpstreamFailure});
	t.true(error.isPassing && error.message.startsWith(double.host), error.message);
	t.is(double.requests.length, 6);
});

test('nobody gets the whole of a blob with wrong bytes', async t => {
	const {double, registry, digest} = await withBlob(t, 300_000);
	double.faults = () => ({corrupt: true});
	let read = 0;
	const act = async () => {
		for await (const chunk of (await registry.readBlob(repo, digest)).body) read += chunk.length;
	};
	const error = await t.throwsAsync(act, {instanceOf: UpstreamFailure});
	t.regex(error.message, /sends bytes that are not sha256:/);
	t.like(error, {status: 502, isPassing: false});
	t.true(read < 300_000);
});

test('a blob without a length, or that goes on for ever, is refused', async t => {
	const {double, registry, digest} = await withBlob(t, 100_000);
	double.faults = () => ({isEndless: true});
	await t.throwsAsync(registry.readBlob(repo, digest), {message: /does not say how large/});
	double.faults = () => ({isEndless: true, headers: {'content-range': undefined}});
	await t.throwsAsync(registry.readBlob(repo, digest, {start: 1}), {message: /does not say how large/});
	// Without a length of this answer, but of the blob.
	double.faults = () => ({isEndless: true});
	const {body} = await registry.readBlob(repo, digest, {start: 1});
	await t.throwsAsync(collect(body), {message: /sends more than the 99999 bytes/});
});

test('a blob is as large as a read of it says where a look at it does not', async t => {
	const {double, registry, digest} = await withBlob(t, 100_000);
	double.faults = ({method}) => (method === 'HEAD' ? {headers: {'content-length': undefined}} : undefined);
	t.deepEqual(await registry.statBlob(repo, digest), {digest, size: 100_000});
	t.like(double.requests.at(-1), {method: 'GET', headers: {range: 'bytes=0-0'}});
	double.faults = ({method}) => (method === 'GET' ? {headers: {'content-range': 'bytes 0-0/*'}} : {headers: {'content-length': undefined}});
	await t.throwsAsync(registry.statBlob(repo, digest), {message: /does not say how large/});
});

test('an upload that nobody takes in is given up after a while', async t => {
	const {double, registry} = await startUpstream(t, {tuning: {idleSeconds: 1}});
	double.faults = ({method}) => (method === 'PUT' ? {hold: new Promise(() => undefined)} : undefined);
	const bytes = someBytes(16 * MiB);
	const error = await t.throwsAsync(registry.putBlob(repo, digestOf(bytes), bodyOf(bytes), bytes.length), {instanceOf: UpstreamFailure});
	t.like(error, {operation: 'putBlob', isPassing: true, status: 503});
});

test('what an upstream warns of is told to whoever pushed', async t => {
	const {double, registry} = await startUpstream(t);
	double.faults = () => ({headers: {warning: '299 - "the \\"quota\\", nearly", 299 - "more"'}});
	const {warnings} = await registry.putManifest(repo, {bytes: Buffer.from('{"a": 1}'), mediaType: 'text/x'}, {tags: [v1, parseTag('v2')]});
	t.deepEqual(warnings, ['the "quota", nearly', 'more']);
});

test('a reader that pauses holds the upstream back', async t => {
	const {double, registry, digest} = await withBlob(t, 64 * MiB);
	const {body} = await registry.readBlob(repo, digest);
	const chunks = body[Symbol.asyncIterator]();
	await chunks.next();
	// As much as sockets and buffers take, and then no more.
	let [before, still] = [-1, 0];
	await until(() => {
		still = double.written === before ? still + 1 : 0;
		before = double.written;
		return still > 20;
	});
	t.true(double.written < 32 * MiB, `${double.written} bytes`);
	body.destroy();
});

test('a blob that stops coming is read on after a while of silence', async t => {
	const {double, registry, bytes, digest} = await withBlob(t, 200_000, {tuning: {idleSeconds: 1}});
	double.faults = () => (double.requests.length < 2 ? {stallAfterBytes: 60_000} : undefined);
	t.true((await collect((await registry.readBlob(repo, digest)).body)).equals(bytes));
});

test('an answer that never begins is waited for so long and no longer', async t => {
	const {double, registry} = await startUpstream(t, {tuning: {answerSeconds: 1, tries: 1}});
	double.faults = () => ({hold: new Promise(() => undefined)});
	const error = await t.throwsAsync(registry.readTag(repo, v1), {instanceOf: UpstreamFailure});
	t.regex(error.message, /UND_ERR_HEADERS_TIMEOUT/);
});

test('a manifest that drips is waited for so long and no longer', async t => {
	const {double, registry, behind} = await startUpstream(t, {tuning: {documentSeconds: 1, tries: 1}});
	await behind.putManifest(repo, {bytes: Buffer.from('{"a": 1}'), mediaType: 'text/x'}, {tags: [v1]});
	double.faults = () => ({stallAfterBytes: 3});
	await t.throwsAsync(registry.getManifest(repo, v1), {instanceOf: UpstreamFailure, message: /TimeoutError/});
});

test('a manifest that goes on for ever is given up', async t => {
	const {double, registry, behind} = await startUpstream(t);
	await behind.putManifest(repo, {bytes: Buffer.from('{"a": 1}'), mediaType: 'text/x'}, {tags: [v1]});
	double.faults = () => ({isEndless: true});
	const error = await t.throwsAsync(registry.getManifest(repo, v1), {instanceOf: UpstreamFailure});
	t.regex(error.message, /longer than such an answer may be/);
	t.is(double.requests.length, 1);
});

test('a manifest of another digest, or without a type, is refused', async t => {
	const {double, registry, behind} = await startUpstream(t);
	const {digest} = await behind.putManifest(repo, {bytes: Buffer.from('{"a": 1}'), mediaType: 'text/x'}, {tags: [v1]});
	double.faults = () => ({corrupt: true});
	await t.throwsAsync(registry.getManifest(repo, digest), {message: /answers sha256:\w+ for sha256:/});
	await t.throwsAsync(registry.getManifest(repo, v1), {message: /answers sha256:\w+ for sha256:/});
	double.faults = () => ({headers: {'content-type': undefined}});
	await t.throwsAsync(registry.getManifest(repo, digest), {message: /does not say what type/});
});

test('a tag is known also where the upstream does not tell its digest', async t => {
	const {double, registry, behind} = await startUpstream(t);
	const {digest} = await behind.putManifest(repo, {bytes: Buffer.from('{"a": 1}'), mediaType: 'text/x'}, {tags: [v1]});
	double.faults = () => ({headers: {'docker-content-digest': undefined}});
	t.like(await registry.readTag(repo, v1), [{tag: v1, digest}]);
});

test('who is sent to another host is nobody there, and is verified all the same', async t => {
	const {double, registry, bytes, digest} = await withBlob(t, 100_000, {credentials: credentialsOf(ci.username, ci.password)});
	const seen: (string | undefined)[] = [];
	const storage = createServer((message, response) => {
		seen.push(message.headers.authorization);
		response.end(bytes);
	});
	const at = await listenOnLoopback(t, storage);
	double.demands = {scheme: 'bearer', ...ci};
	double.faults = ({path, headers}) =>
		headers.authorization?.startsWith('Bearer') && path.includes('/blobs/')
			? {answer: {status: 307, headers: {location: `${at}/signed?x=1`}}}
			: undefined;
	t.true((await collect((await registry.readBlob(repo, digest)).body)).equals(bytes));
	t.deepEqual(seen, [undefined]);
	t.is((await registry.locateBlob(repo, digest))?.href, `${at}/signed?x=1`);
	t.deepEqual(await registry.statBlob(repo, digest), {digest, size: 100_000});
	t.true(seen.every(header => header === undefined));
});

test('what another host refuses is told with both names', async t => {
	const {double, registry, digest} = await withBlob(t, 100);
	const storage = createServer((_, response) => response.writeHead(400).end('Only one auth mechanism allowed'));
	const at = await listenOnLoopback(t, storage);
	double.faults = () => ({answer: {status: 307, headers: {location: `${at}/signed`}}});
	const error = await t.throwsAsync(registry.readBlob(repo, digest), {instanceOf: UpstreamFailure});
	t.true(error.message.startsWith(`${new URL(at).host}, where ${double.host} sent us for readBlob, refused it with 400`), error.message);
});

test('redirects that go round are followed a few times', async t => {
	const {double, registry, digest} = await withBlob(t, 100);
	double.faults = ({path}) => ({answer: {status: 302, headers: {location: `${path}x`}}});
	await t.throwsAsync(registry.readBlob(repo, digest), {message: /from one address to the next/});
	t.is(double.requests.length, 6);
});

for (const location of ['', 'ftp://127.0.0.1/x', 'http://user:password@127.0.0.1/x', 'http://[', 'file:///etc/passwd'])
	test(`a redirect to ${location || 'nowhere'} is followed by nobody`, async t => {
		const {double, registry, digest} = await withBlob(t, 100);
		double.faults = () => ({answer: {status: 307, headers: {location}}});
		await t.throwsAsync(registry.readBlob(repo, digest), {message: /sends us to an address that is none/});
		t.is(await registry.locateBlob(repo, digest), undefined);
	});

test('an upload that is to go elsewhere does not', async t => {
	const {double, registry} = await startUpstream(t);
	double.faults = ({method}) => (method === 'PUT' ? {answer: {status: 307, headers: {location: 'http://localhost:1/'}}} : undefined);
	const bytes = someBytes(10);
	await t.throwsAsync(registry.putBlob(repo, digestOf(bytes), bodyOf(bytes), 10), {message: /not to be sent elsewhere/});
});

test('lists are read page by page, to the end', async t => {
	const {double, registry} = await startUpstream(t);
	const pages: Record<string, {tags: string[]; next?: string}> = {
		'/v2/team/app/tags/list?n=1000': {tags: ['a', 'b'], next: '</v2/team/app/tags/list?n=2&last=b>; rel="next"'},
		'/v2/team/app/tags/list?n=2&last=b': {tags: ['c', 'not a tag', 'd'], next: `<${double.url}/v2/more>; rel=next`},
		'/v2/more': {tags: ['e']},
	};
	double.faults = ({path}) => {
		const {tags, next} = pages[path] ?? {tags: []};
		return {
			answer: {status: 200, headers: {...(next && {link: next})} as Record<string, string>, body: JSON.stringify({name: 'team/app', tags})},
		};
	};
	t.deepEqual((await Array.fromAsync(registry.listTags(repo))) as string[], ['a', 'b', 'c', 'd', 'e']);
});

test('a list that leads to another host ends there, and one that leads to itself is an error', async t => {
	const {double, registry} = await startUpstream(t);
	const answer = (link: string) => () => ({answer: {status: 200, headers: {link}, body: '{"tags": ["a"]}'}});
	double.faults = answer('<http://localhost:1/v2/team/app/tags/list>; rel="next"');
	t.deepEqual((await Array.fromAsync(registry.listTags(repo))) as string[], ['a']);
	double.faults = answer('</v2/team/app/tags/list?n=1000>; rel="next"');
	await t.throwsAsync(Array.fromAsync(registry.listTags(repo)), {message: /a list that does not end/});
});

for (const body of ['', 'no list', '[]', '{"tags": "a"}', '{"tags": [1]}'])
	test(`a list that is ${body || 'nothing'} is refused`, async t => {
		const {double, registry} = await startUpstream(t);
		double.faults = () => ({answer: {status: 200, body}});
		await t.throwsAsync(Array.fromAsync(registry.listTags(repo)), {instanceOf: UpstreamFailure, message: /answers a list that is none/});
	});

test('referrers that a client kept under a tag are found where there is no list of them', async t => {
	const {double, registry, behind} = await startUpstream(t);
	double.faults = ({path}) => (path.includes('/referrers/') ? {answer: {status: 404}} : undefined);
	const subject = digestOf(Buffer.from('subject'));
	t.deepEqual(await Array.fromAsync(registry.listReferrers(repo, subject)), []);
	const child = Buffer.from('{"signature": 1}');
	await behind.putManifest(repo, {bytes: child, mediaType: 'text/x'}, {tags: []});
	const manifests = [{mediaType: 'text/x', digest: digestOf(child), size: child.length}];
	const index = Buffer.from(JSON.stringify({schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests}));
	await behind.putManifest(repo, {bytes: index, mediaType: mediaTypes.ociIndex}, {tags: [parseTag(subject.replace(':', '-'))]});
	t.like(await Array.fromAsync(registry.listReferrers(repo, subject)), manifests);
});

test('a realm that has moved is found again', async t => {
	const {double, registry} = await startUpstream(t, {credentials: credentialsOf(ci.username, ci.password)});
	double.demands = {scheme: 'bearer', ...ci, realm: `${double.url}/token/old`};
	await registry.readTag(repo, v1);
	double.tokens.clear();
	double.demands = {scheme: 'bearer', ...ci, realm: `${double.url}/token/new`};
	double.faults = ({path}) => (path.startsWith('/token/old') ? {answer: {status: 404}} : undefined);
	await t.throwsAsync(Array.fromAsync(registry.listRepositories()), {instanceOf: UpstreamFailure, message: /answered 404/});
	t.deepEqual(await registry.readTag(repo, v1), []);
	t.deepEqual(await Array.fromAsync(registry.listRepositories()), []);
});

test('what is no HTTP at all is told as that, without what it was', async t => {
	const server = createServer();
	const at = await listenOnLoopback(t, server);
	server.on('request', ({socket}) => socket.end('HTTP/1.1 200 OK\r\ncontent-length: canary\r\n\r\n'));
	const {registry} = await startUpstream(t, {origin: new URL(at), tuning: {tries: 1}});
	const error = await t.throwsAsync(registry.readTag(repo, v1), {instanceOf: UpstreamFailure});
	t.regex(error.message, /what it answers is no HTTP/);
	t.false(inspect(error, {depth: 10}).includes('canary'));
});
