/** What an upstream refuses, in its bad moments and for good, and what whoever asked us is told. */
import test from 'ava';
import {digestOf, mediaTypes, OciError, parseTag} from 'oci-spec-types';
import {reopenable} from '../../src/upstream/reopenable.ts';
import {UpstreamFailure} from '../../src/upstream/upstream.ts';
import {repo, startUpstream} from '../support/badUpstream.ts';
import {bodyOf, collect, someBytes} from '../support/bytes.ts';

const v1 = parseTag('v1');
const refusal = (status: number, headers: Record<string, string> = {}) => ({
	answer: {status, headers, body: '{"errors":[{"code":"TOOMANYREQUESTS","message":"Rate exceeded"}]}'},
});

/** Faults for the first so many requests. */
const first = <T>(count: number, fault: T) => {
	let left = count;
	return () => (left-- > 0 ? fault : undefined);
};

test('who is told 429 asks again, no sooner than it is told to', async t => {
	const {double, registry, waits} = await startUpstream(t);
	double.faults = first(3, refusal(429, {'retry-after': '7'}));
	t.deepEqual(await registry.readTag(repo, v1), []);
	t.is(double.requests.length, 4);
	t.true(waits.length === 3 && waits.every(ms => ms >= 7000));
});

test('pauses grow where nothing is said about them', async t => {
	const {double, registry, waits} = await startUpstream(t);
	double.faults = first(4, refusal(503));
	await registry.readTag(repo, v1);
	t.deepEqual(waits, [188, 375, 750, 1500]);
});

test('who is told to wait for an hour gives up at once, and never says 429', async t => {
	const {double, registry, waits} = await startUpstream(t);
	double.faults = () => refusal(429, {'retry-after': '3600'});
	const error = await t.throwsAsync(registry.readTag(repo, v1), {instanceOf: UpstreamFailure});
	t.like(error, {code: 'UNAVAILABLE', status: 503, isPassing: true, retryAfterMs: 3_600_000});
	t.is(error.message, `${double.host} refused statManifest of team/app with 429, as often as it was asked: try it again later`);
	t.deepEqual(waits, []);
});

for (const status of [408, 500, 502, 503, 504])
	test(`${status} is a passing reason, and the end of patience a failure`, async t => {
		const {double, registry} = await startUpstream(t);
		double.faults = first(2, refusal(status));
		t.deepEqual(await registry.readTag(repo, v1), []);
		double.faults = () => refusal(status);
		t.like(await t.throwsAsync(registry.readTag(repo, v1)), {code: 'UNAVAILABLE', status: 503, isPassing: true});
		t.is(double.requests.length, 3 + 8);
	});

test('a part of a larger work is not repeated by the whole as well', async t => {
	const {double, registry} = await startUpstream(t);
	double.faults = () => refusal(503);
	const bytes = someBytes(100);
	const body = reopenable(async () => bodyOf(bytes));
	await t.throwsAsync(registry.putBlob(repo, digestOf(bytes), body, 100), {instanceOf: UpstreamFailure});
	t.is(double.count('POST'), 8);
});

test('connections that break before an answer are made anew', async t => {
	const {double, registry} = await startUpstream(t);
	double.faults = first(2, {resetAfterBytes: 0});
	t.deepEqual(await registry.readTag(repo, v1), []);
	t.is(double.requests.length, 3);
});

test('nobody who listens is told as that', async t => {
	const {registry, double} = await startUpstream(t, {origin: new URL('http://127.0.0.1:1')});
	const error = await t.throwsAsync(registry.readTag(repo, v1), {instanceOf: UpstreamFailure});
	t.is(
		error.message,
		'127.0.0.1:1 did not answer statManifest (ECONNREFUSED): nobody listens there; check the address of this upstream, and whether it can be reached from here',
	);
	t.is(double.requests.length, 0);
});

test('an upload that breaks in the middle is begun anew where its bytes can be read again', async t => {
	const {double, registry, behind} = await startUpstream(t);
	const bytes = someBytes(3_000_000);
	let broken = 2;
	double.faults = ({method}) => (method === 'PUT' && broken-- > 0 ? {resetAfterBytes: 100_000} : undefined);
	let opened = 0;
	const body = reopenable(async () => {
		opened += 1;
		return bodyOf(bytes);
	});
	await registry.putBlob(repo, digestOf(bytes), body, bytes.length);
	t.is(opened, 3);
	t.is(double.count('POST'), 3);
	t.true((await collect((await behind.readBlob(repo, digestOf(bytes))).body)).equals(bytes));
});

test('an upload whose bytes came only once fails, and may be tried again', async t => {
	const {double, registry} = await startUpstream(t);
	const bytes = someBytes(3_000_000);
	double.faults = ({method}) => (method === 'PUT' ? {resetAfterBytes: 100_000} : undefined);
	const act = registry.putBlob(repo, digestOf(bytes), bodyOf(bytes), bytes.length);
	t.like(await t.throwsAsync(act), {code: 'UNAVAILABLE', isPassing: true, operation: 'putBlob'});
	t.is(double.count('PUT'), 1);
});

test('an upload that is refused before it has come is told why', async t => {
	const {double, registry} = await startUpstream(t);
	const bytes = someBytes(16_000_000);
	double.faults = ({method}) =>
		method === 'PUT' ? {answer: {status: 403, body: '{"errors":[{"code":"DENIED","message":"no room"}]}'}} : undefined;
	let read = 0;
	async function* counted() {
		for await (const chunk of bodyOf(bytes)) {
			read += chunk.length;
			yield chunk;
		}
	}
	const error = await t.throwsAsync(registry.putBlob(repo, digestOf(bytes), counted(), bytes.length), {instanceOf: UpstreamFailure});
	t.like(error, {code: 'DENIED', status: 403});
	t.regex(error.message, /"no room"/);
	t.true(read <= bytes.length);
});

test('an upload whose answer was lost is not sent twice', async t => {
	const {double, registry, behind} = await startUpstream(t);
	const bytes = someBytes(1000);
	const sent: string[] = [];
	double.faults = ({method}) => {
		sent.push(method);
		return sent.filter(one => one === 'PUT').length === 1 && method === 'PUT' ? {resetAfterBytes: 1000} : undefined;
	};
	await behind.putBlob(repo, digestOf(bytes), bodyOf(bytes), 1000);
	await registry.putBlob(
		repo,
		digestOf(bytes),
		reopenable(async () => bodyOf(bytes)),
		1000,
	);
	t.deepEqual(sent, ['POST', 'PUT', 'HEAD']);
});

test('what is refused for good is told in the words of the upstream', async t => {
	const {double, registry} = await startUpstream(t);
	const bytes = Buffer.from('{"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","manifests":[]}');
	const put = () => registry.putManifest(repo, {bytes, mediaType: mediaTypes.ociIndex}, {tags: [v1]});
	const said = (status: number, code: string, message: string) => {
		double.faults = () => ({answer: {status, body: JSON.stringify({errors: [{code, message}]})}});
	};
	for (const [status, code, message, expected] of [
		[400, 'MANIFEST_INVALID', 'no indexes', {code: 'MANIFEST_INVALID', status: 400, isPassing: false}],
		[400, 'TAG_INVALID', 'immutable', {code: 'TAG_INVALID', status: 400}],
		[403, 'DENIED', 'not yours', {code: 'DENIED', status: 403}],
		[404, 'NAME_UNKNOWN', 'no repository', {code: 'NAME_UNKNOWN', status: 404}],
		[405, 'UNSUPPORTED', 'no', {code: 'UNSUPPORTED', status: 405}],
		[413, 'WHATEVER', 'too much', {code: 'SIZE_INVALID', status: 413}],
		[418, 'TEAPOT', 'short', {code: 'UNKNOWN', status: 418}],
		[200 + 99, 'X', 'odd', {code: 'UNAVAILABLE', status: 502}],
	] as const) {
		said(status, code, message);
		const error = await t.throwsAsync(put(), {instanceOf: UpstreamFailure});
		t.like(error, {...expected, host: double.host, operation: 'putManifest'});
		t.true(error.message.startsWith(double.host) && error.message.includes(message), error.message);
	}
	// Whether a tag that is refused leads there already was asked, too.
	t.is(double.requests.length, 9);
});

test('a repository that is missing is asked for, and the push goes on when there is one', async t => {
	const asked: string[] = [];
	let isThere = false;
	const quirks = {
		missingRepository: async (name: string) => {
			asked.push(name);
			isThere = true;
			return true;
		},
	};
	const {double, registry, behind} = await startUpstream(t, {quirks});
	double.faults = ({method}) =>
		method === 'POST' && !isThere ? {answer: {status: 404, body: '{"errors":[{"code":"NAME_UNKNOWN"}]}'}} : undefined;
	const bytes = someBytes(10);
	await registry.putBlob(repo, digestOf(bytes), bodyOf(bytes), 10);
	t.deepEqual(asked, ['team/app']);
	t.is((await behind.statBlob(repo, digestOf(bytes))).size, 10);
});

test('better words than those of the status are used where there are some', async t => {
	const explain = ({code}: {code?: string}) =>
		code === 'TAG_INVALID' ? new OciError('DENIED', {}, {message: 'tags do not move there'}) : undefined;
	const {double, registry} = await startUpstream(t, {quirks: {explain}});
	double.faults = () => ({answer: {status: 400, body: '{"errors":[{"code":"TAG_INVALID","message":"exists"}]}'}});
	const put = registry.putManifest(repo, {bytes: Buffer.from('{}'), mediaType: 'text/x'}, {tags: [v1]});
	t.is((await t.throwsAsync(put)).message, 'tags do not move there');
});

test('manifests are put no faster than they may be', async t => {
	const {registry, waits} = await startUpstream(t, {quirks: {putManifestsPerSecond: 10}});
	const put = (word: string) =>
		registry.putManifest(repo, {bytes: Buffer.from(`{"a":"${word}"}`), mediaType: 'text/x'}, {tags: [parseTag(word)]});
	await Promise.all(['a', 'b', 'c', 'd'].map(put));
	t.is(
		waits.reduce((sum, ms) => sum + ms, 0),
		400,
	);
});

test('who takes whole blobs alone is sent no chunks', async t => {
	const {double, registry} = await startUpstream(t, {quirks: {monolithicOnly: true, mounts: false}});
	const bytes = someBytes(100);
	const upload = await registry.startUpload(repo);
	await t.throwsAsync(registry.appendUpload(repo, upload, {body: bodyOf(bytes), size: 100}), {message: /only whole blobs/});
	await t.throwsAsync(registry.putBlob(repo, digestOf(bytes), bodyOf(bytes)), {message: /whose length is known/});
	await registry.finishUpload(repo, upload, digestOf(bytes), {body: bodyOf(bytes), size: 100, first: true});
	t.false(await registry.mountBlob(repo, digestOf(bytes), repo));
	t.is(double.count('PATCH'), 0);
	t.is(double.count('POST'), 1);
});

test('a chunk that an upstream dropped is noticed', async t => {
	const {double, registry} = await startUpstream(t);
	const upload = await registry.startUpload(repo);
	double.faults = ({method}) => (method === 'PATCH' ? {headers: {range: '0-4'}} : undefined);
	const act = registry.appendUpload(repo, upload, {body: bodyOf(someBytes(100)), size: 100});
	t.regex((await t.throwsAsync(act, {instanceOf: UpstreamFailure})).message, /was sent 100 bytes of an upload, and says that it has 5/);
});
