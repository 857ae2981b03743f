/** What an upstream's credentials must not be found in: errors, logs, answers, metrics, and what goes to other hosts. */
import {createServer} from 'node:http';
import {inspect} from 'node:util';
import test, {type ExecutionContext} from 'ava';
import {digestOf, formatErrors, mediaTypes, OciError, parseRepositoryName, parseTag} from 'oci-spec-types';
import {createLog} from '../../src/telemetry/log.ts';
import {createMetrics} from '../../src/telemetry/metrics.ts';
import type {UpstreamObserver} from '../../src/upstream/upstream.ts';
import {credentialsOf, repo, startUpstream} from '../support/badUpstream.ts';
import {bodyOf, collect, someBytes} from '../support/bytes.ts';
import {listenOnLoopback} from '../support/loopback.ts';
import type {UpstreamFault, UpstreamRequest} from '../support/upstreamDouble.ts';

const username = 'canary-user';
const password = 'canary-password-Zm9v';
const encoded = Buffer.from(`${username}:${password}`).toString('base64');

/** An upstream that says whatever it hears back, wherever it can. */
const echoes: Readonly<Record<string, (heard: string) => UpstreamFault>> = {
	'in the message of a refusal': heard => ({
		answer: {status: 403, body: JSON.stringify({errors: [{code: 'DENIED', message: `not with ${heard}`}]})},
	}),
	'at the end of a long message': heard => ({
		answer: {status: 400, body: JSON.stringify({errors: [{code: 'DENIED', message: `${'x'.repeat(290)}${heard}`}]})},
	}),
	'as the code of a refusal': heard => ({
		answer: {status: 400, body: JSON.stringify({errors: [{code: heard.replace(/\W/g, '_'), message: heard}]})},
	}),
	'in a body that is no JSON': heard => ({answer: {status: 503, body: heard}}),
	'in a challenge': heard => ({
		answer: {status: 401, headers: {'www-authenticate': `Bearer realm="http://${encodeURIComponent(heard)}/"`}},
	}),
	'in a header that is asked for': heard => ({
		answer: {status: 200, headers: {'docker-content-digest': heard, 'content-length': heard, warning: `299 - "${heard}"`}},
	}),
	'in an address out of the way': heard => ({answer: {status: 307, headers: {location: `ftp://${encodeURIComponent(heard)}/`}}}),
	'in a list': heard => ({answer: {status: 200, body: heard, headers: {link: `<http://${heard}/>; rel="next"`}}}),
};

const acts = (registry: Awaited<ReturnType<typeof startUpstream>>['registry']) => {
	const bytes = someBytes(1000);
	const manifest = {bytes: Buffer.from('{"schemaVersion":2,"manifests":[]}'), mediaType: mediaTypes.ociIndex};
	return [
		() => registry.statBlob(repo, digestOf(bytes)),
		() => registry.readBlob(repo, digestOf(bytes)),
		() => registry.locateBlob(repo, digestOf(bytes)),
		() => registry.putBlob(repo, digestOf(bytes), bodyOf(bytes), 1000),
		() => registry.mountBlob(repo, digestOf(bytes), parseRepositoryName('team/base')),
		() => registry.deleteBlob(repo, digestOf(bytes)),
		() => registry.startUpload(repo),
		() => registry.getManifest(repo, parseTag('v1')),
		() => registry.putManifest(repo, manifest, {tags: [parseTag('v1')]}),
		() => registry.deleteManifest(repo, digestOf(bytes)),
		() => registry.readTag(repo, parseTag('v1')),
		() => Array.fromAsync(registry.listTags(repo)),
		() => Array.fromAsync(registry.listReferrers(repo, digestOf(bytes))),
		() => Array.fromAsync(registry.listRepositories()),
	];
};

const watching = async (t: ExecutionContext, scheme: 'basic' | 'bearer') => {
	const metrics = createMetrics({version: '1'});
	const observer: UpstreamObserver = {
		requested: facts => metrics.recordUpstreamRequest({upstream: 'hub', ...facts}),
		transferred: facts => metrics.recordUpstreamBytes({upstream: 'hub', ...facts}),
	};
	const upstream = await startUpstream(t, {credentials: credentialsOf(username, password), observer, tuning: {tries: 2}});
	upstream.double.demands = {scheme, username, password};
	const lines: string[] = [];
	const log = createLog({format: 'json', level: 'debug'}, {write: line => void lines.push(line)});
	/** All that anybody could see of it. */
	const seen = async (outcome: unknown): Promise<string> => {
		log.warn({error: outcome, outcome}, 'failed');
		const told = outcome instanceof OciError ? JSON.stringify(formatErrors(outcome)) + JSON.stringify(outcome.headers) : '';
		return [inspect(outcome, {depth: 10, showHidden: true}), told, ...lines.splice(0), await metrics.text()].join('\n');
	};
	return {...upstream, seen};
};

const secretsHeard = (requests: readonly UpstreamRequest[]): string[] => [
	...new Set(requests.flatMap(({headers: {authorization = ''}}) => [authorization, authorization.replace(/^\w+ /, '')]).filter(Boolean)),
];

for (const scheme of ['basic', 'bearer'] as const)
	for (const [where, echo] of Object.entries(echoes))
		test(`what is heard as ${scheme} and said back ${where} is told to nobody`, async t => {
			const {double, registry, seen} = await watching(t, scheme);
			let turn = 0;
			// What the request said, and all that goes into it.
			double.faults = ({path, headers: {authorization}}) => {
				if (path.startsWith('/token') || !authorization) return undefined;
				const heard = [authorization, password, authorization.replace(/^\w+ /, '')][turn++ % 3] ?? '';
				return echo(heard);
			};
			for (const act of acts(registry)) {
				const outcome = await act().catch((error: unknown) => error);
				const text = await seen(outcome);
				for (const secret of [password, encoded, ...secretsHeard(double.requests)]) t.false(text.includes(secret), text.slice(0, 3000));
			}
			t.true(turn > 10);
		});

test('another host hears no credentials, whichever request is sent there', async t => {
	const {double, registry} = await watching(t, 'bearer');
	const heard: string[] = [];
	const elsewhere = createServer((message, response) => {
		heard.push(JSON.stringify([message.url, message.rawHeaders]));
		message.resume().on('end', () => response.writeHead(202, {location: '/again', 'content-length': 0}).end());
	});
	const at = await listenOnLoopback(t, elsewhere);
	double.faults = ({path, headers: {authorization}}) =>
		path.startsWith('/token') || !authorization
			? undefined
			: {answer: {status: path.endsWith('/uploads/') ? 202 : 307, headers: {location: `${at}/elsewhere`}}};
	for (const act of acts(registry)) await act().catch(() => undefined);
	t.true(heard.length > 3);
	for (const secret of [username, password, encoded, ...secretsHeard(double.requests)]) t.false(heard.join('\n').includes(secret));
});

test('tokens are asked for with nothing secret in their address', async t => {
	const {double, registry, behind} = await watching(t, 'bearer');
	const bytes = someBytes(10);
	await behind.putBlob(repo, digestOf(bytes), bodyOf(bytes), 10);
	t.is((await collect((await registry.readBlob(repo, digestOf(bytes))).body)).length, 10);
	for (const {path} of double.requests) for (const secret of [username, password, encoded]) t.false(path.includes(secret));
});
