/** How an upstream lets us in: challenges, tokens and passwords, good ones and bad ones. */
import {createServer} from 'node:http';
import test from 'ava';
import {digestOf, parseTag} from 'oci-spec-types';
import {reopenable} from '../../src/upstream/reopenable.ts';
import {UpstreamFailure} from '../../src/upstream/upstream.ts';
import {ci, credentialsOf, repo, startUpstream} from '../support/badUpstream.ts';
import {bodyOf, someBytes} from '../support/bytes.ts';
import {listenOnLoopback} from '../support/loopback.ts';

const v1 = parseTag('v1');
const bearer = {scheme: 'bearer', ...ci} as const;
const put = (bytes: Buffer) => [repo, digestOf(bytes), bodyOf(bytes), bytes.length] as const;

const failing = async (t: Parameters<typeof startUpstream>[0], act: Promise<unknown>): Promise<UpstreamFailure> => {
	const error = await t.throwsAsync(act, {instanceOf: UpstreamFailure});
	return error;
};

test('a token is fetched once for all who need it, and sent with every request from then on', async t => {
	const {double, registry} = await startUpstream(t, {credentials: credentialsOf(ci.username, ci.password)});
	double.demands = bearer;
	const bytes = someBytes(1000);
	await registry.putBlob(...put(bytes));
	t.is(double.count('GET /token'), 1);
	await Promise.all(Array.from({length: 20}, () => registry.statBlob(repo, digestOf(bytes))));
	t.is(double.count('GET /token'), 2);
	t.is(double.requests.filter(({path, headers}) => path.startsWith('/v2/') && !headers.authorization).length, 1);
	const asked = double.requests.filter(({path}) => path.startsWith('/token')).map(({path}) => new URL(path, double.url).searchParams);
	t.deepEqual(
		asked.map(query => [query.get('service'), query.getAll('scope')]),
		[
			['double', ['repository:team/app:pull,push']],
			['double', ['repository:team/app:pull']],
		],
	);
});

test('a token is renewed before it ends, by our own clock', async t => {
	const {double, registry, time} = await startUpstream(t, {credentials: credentialsOf(ci.username, ci.password)});
	double.demands = {...bearer, tokenSeconds: 300};
	await registry.readTag(repo, v1);
	time.ms += 269_000;
	await registry.readTag(repo, v1);
	t.is(double.count('GET /token'), 1);
	time.ms += 2_000;
	await registry.readTag(repo, v1);
	t.is(double.count('GET /token'), 2);
	t.is(double.requests.filter(({path, headers}) => path.startsWith('/v2/') && !headers.authorization).length, 1);
});

test('a token that is refused is renewed once, and the request goes on', async t => {
	const {double, registry} = await startUpstream(t, {credentials: credentialsOf(ci.username, ci.password)});
	double.demands = bearer;
	await registry.readTag(repo, v1);
	double.tokens.clear();
	t.deepEqual(await registry.readTag(repo, v1), []);
	t.is(double.count('GET /token'), 2);
});

test('a token that is refused however new it is ends in a refusal', async t => {
	const {double, registry} = await startUpstream(t, {credentials: credentialsOf(ci.username, ci.password)});
	double.demands = bearer;
	double.tokens.add = () => double.tokens;
	const error = await failing(t, registry.readTag(repo, v1));
	t.like(error, {code: 'DENIED', status: 403, host: double.host});
	t.true(error.message.includes(`${double.host} refused statManifest of team/app with 401`), error.message);
	t.is(double.count('HEAD'), 3);
});

test('an upload that is asked again who it is from is sent again where that can be done', async t => {
	const {double, registry, behind} = await startUpstream(t, {credentials: credentialsOf(ci.username, ci.password)});
	double.demands = bearer;
	const bytes = someBytes(100_000);
	let refusals = 1;
	double.faults = ({method}) => (method === 'PUT' && refusals-- > 0 ? void double.tokens.clear() : undefined);
	await registry.putBlob(
		repo,
		digestOf(bytes),
		reopenable(async () => bodyOf(bytes)),
		bytes.length,
	);
	t.is(double.count('PUT'), 2);
	t.is((await behind.statBlob(repo, digestOf(bytes))).size, 100_000);

	const others = someBytes(100_000, 2);
	refusals = 1;
	const error = await failing(t, registry.putBlob(...put(others)));
	t.like(error, {code: 'UNAVAILABLE', isPassing: true});
	t.regex(error.message, /send it again/);
	// Whoever sends it again finds the door open.
	await registry.putBlob(...put(others));
});

test('credentials that the realm refuses are asked for anew, once', async t => {
	const credentials = credentialsOf(ci.username, 'an old password', ci.password);
	const {double, registry} = await startUpstream(t, {credentials});
	double.demands = bearer;
	t.deepEqual(await registry.readTag(repo, v1), []);
	t.is(credentials.renewals, 1);
});

test('credentials that the realm refuses again are told to whoever runs this', async t => {
	const {double, registry} = await startUpstream(t, {credentials: credentialsOf(ci.username, 'wrong', 'wrong as well')});
	double.demands = bearer;
	const error = await failing(t, registry.readTag(repo, v1));
	t.like(error, {code: 'DENIED', operation: 'token'});
	t.true(
		error.message.includes(`${double.host} gives us no token`) && error.message.includes('check the username and password'),
		error.message,
	);
});

test('a password is sent as it is where no tokens are known, and asked for anew when it is refused', async t => {
	const credentials = credentialsOf(ci.username, 'an old password', ci.password);
	const {double, registry} = await startUpstream(t, {credentials});
	double.demands = {scheme: 'basic', ...ci};
	t.deepEqual(await registry.readTag(repo, v1), []);
	t.is(credentials.renewals, 1);
	double.demands = {scheme: 'basic', username: ci.username, password: 'another one'};
	const error = await failing(t, registry.readTag(repo, v1));
	t.true(error.message.includes(`${double.host} refuses the username and password`), error.message);
});

test('who has no credentials is told to give some', async t => {
	const {double, registry} = await startUpstream(t);
	double.demands = {scheme: 'basic', ...ci};
	const error = await failing(t, registry.readTag(repo, v1));
	t.true(error.message.startsWith(`${double.host} wants to know who asks`), error.message);
});

test('a realm on another host is given nothing unless it is https', async t => {
	const seen: unknown[] = [];
	const elsewhere = createServer((message, response) => {
		seen.push(message.headers);
		response.end('{}');
	});
	const {port} = new URL(await listenOnLoopback(t, elsewhere));
	const {double, registry} = await startUpstream(t, {credentials: credentialsOf(ci.username, ci.password)});
	for (const realm of [`http://localhost:${port}/token`, 'not an address', 'ftp://127.0.0.1/token']) {
		double.demands = {...bearer, realm};
		const error = await failing(t, registry.readTag(repo, v1));
		t.regex(error.message, /we give no credentials there/);
	}
	t.deepEqual(seen, []);
});

test('a realm that hangs is waited for so long and no longer', async t => {
	const never = new Promise<never>(() => undefined);
	const tuning = {tokenSeconds: 0.5, tries: 2};
	const {double, registry} = await startUpstream(t, {credentials: credentialsOf(ci.username, ci.password), tuning});
	double.demands = bearer;
	double.faults = ({path}) => (path.startsWith('/token') ? {hold: never} : undefined);
	const error = await failing(t, registry.readTag(repo, v1));
	t.like(error, {code: 'UNAVAILABLE', status: 503, operation: 'token'});
	t.is(double.count('GET /token'), 2);
});

test('a realm that sends us on is not followed, for it would get our password', async t => {
	const {double, registry} = await startUpstream(t, {credentials: credentialsOf(ci.username, ci.password)});
	double.demands = bearer;
	double.faults = ({path}) =>
		path.startsWith('/token?') ? {answer: {status: 307, headers: {location: `http://localhost:1/stolen`}}} : undefined;
	const error = await failing(t, registry.readTag(repo, v1));
	t.regex(error.message, /answered 307/);
	t.is(double.count('GET /token'), 1);
});

for (const [title, body] of [
	['nothing', ''],
	['no JSON', '<html>'],
	['a token that is none', '{"token": "two words"}'],
	['more than a token', JSON.stringify({token: 'x', more: 'y'.repeat(100_000)})],
] as const)
	test(`a realm that answers ${title} is refused`, async t => {
		const {double, registry} = await startUpstream(t, {credentials: credentialsOf(ci.username, ci.password)});
		double.demands = bearer;
		double.faults = ({path}) => (path.startsWith('/token') ? {answer: {status: 200, body}} : undefined);
		const error = await failing(t, registry.readTag(repo, v1));
		t.is(error.operation, 'token');
		t.is(error.host, double.host);
	});
