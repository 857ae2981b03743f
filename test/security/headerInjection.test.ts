/** Text of a client that comes back in a header: it stays within its header, or does not come back. */
import test from 'ava';
import {digestOf, mediaTypes} from 'oci-spec-types';
import {startApp} from '../support/app.ts';
import {describe, imageOf} from '../support/client.ts';
import {sendRaw, statusesIn} from '../support/rawConnection.ts';

const digest = digestOf(Buffer.from('x'));
const injections = [
	'%0d%0aX-Injected:%20yes',
	'%0aX-Injected:%20yes',
	'%0dX-Injected:%20yes',
	'%E5%98%8D%E5%98%8AX-Injected:%20yes',
	'%00',
	'%22%3E%3C',
	'%E2%80%A8',
];

/** Everything that is repeated in a header: Location, Link, OCI-Tag, Allow, WWW-Authenticate, X-Request-Id. */
const lines = (text: string): readonly string[] => [
	`GET /v2/ci/app/tags/list?n=1&last=${text} HTTP/1.1`,
	`GET /v2/_catalog?n=1&last=${text} HTTP/1.1`,
	`GET /v2/ci/app/referrers/${digest}?n=1&artifactType=${text} HTTP/1.1`,
	`GET /v2/ci/app/referrers/${digest}?n=1&artifactType=a/b&last=${text} HTTP/1.1`,
	`POST /v2/ci/app${text}/blobs/uploads/ HTTP/1.1`,
	`POST /v2/ci/app/blobs/uploads/?mount=${digest}&from=${text} HTTP/1.1`,
	`GET /v2/ci/app/manifests/${text} HTTP/1.1`,
	`GET /v2/ci/app/manifests/main${text} HTTP/1.1`,
	`GET /v2/ci/app/blobs/uploads/${text} HTTP/1.1`,
	`GET /ui/${text} HTTP/1.1`,
	`GET /ui?next=${text} HTTP/1.1`,
	`GET /token?service=${text}&scope=${text}&account=${text} HTTP/1.1`,
	`GET /api/v1/refs/${text} HTTP/1.1`,
	`GET /v2/ HTTP/1.1\r\nX-Request-Id: ${text}`,
	`GET /v2/ HTTP/1.1\r\nX-Forwarded-Host: ${text}\r\nX-Forwarded-Proto: ${text}\r\nX-Forwarded-For: ${text}`,
];

for (const injection of injections) {
	test(`${injection} in a request adds no header to an answer, and is no failure of ours`, async t => {
		const {client, url, log} = await startApp(t, {environment: {LAYERCACHE_HTTP_TRUSTED_PROXIES: '127.0.0.1', LAYERCACHE_AUTH: 'none'}});
		await client.pushBlob('ci/app', '{}');
		const manifest = imageOf(describe('{}', mediaTypes.ociConfig), []);
		for (const tag of ['a', 'b']) await client.putManifest('ci/app', tag, manifest);
		for (const line of lines(injection)) {
			const answer = await sendRaw(url, `${line}\r\nHost: x\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
			const [head = ''] = answer.split('\r\n\r\n', 1);
			t.is(statusesIn(answer).length, 1, line);
			t.true((statusesIn(answer)[0] ?? 500) < 500, answer);
			t.notRegex(head, /^X-Injected/im, line);
			t.notRegex(head, /[^\r\n\t\x20-\x7e]|\r(?!\n)|(?<!\r)\n/, line);
		}
		t.false(log.some(line => line.level === 'error'));
	});
}

test('what a host header says is at most the host of an address, and never a second one', async t => {
	const {url} = await startApp(t);
	for (const host of [
		'a"b\\c',
		'x, y',
		'user:password@evil.example',
		'evil.example/path?query#hash',
		'"><script>',
		'x y',
		'[::1',
		'%0d%0a',
		'\x7f',
	]) {
		const answer = await sendRaw(url, `GET / HTTP/1.1\r\nHost: ${host}\r\nAccept: text/html\r\nConnection: close\r\n\r\n`);
		t.true([200, 400].includes(statusesIn(answer)[0] ?? 0), host);
		t.false(/<script>|password/.test(answer), answer);
	}
});
