import test from 'ava';
import {nextHop, parseLocation} from '../../src/upstream/redirects.ts';

const tls = new URL('https://registry.example/v2/a/blobs/x?y=1');
const open = new URL('http://registry.example:5000/v2/a/blobs/x');

test('an address is told as a whole, or as a part of where the answer came from', t => {
	t.is(parseLocation('https://bucket.example/key?signature=a%2Fb', tls)?.href, 'https://bucket.example/key?signature=a%2Fb');
	t.is(parseLocation('/v2/a/blobs/z', tls)?.href, 'https://registry.example/v2/a/blobs/z');
	t.is(parseLocation('z', open)?.href, 'http://registry.example:5000/v2/a/blobs/z');
	t.is(parseLocation('//other.example/z', tls)?.href, 'https://other.example/z');
});

test('nobody goes from TLS into the open, nor anywhere but the web', t => {
	t.is(parseLocation('http://registry.example/z', tls), undefined);
	t.is(parseLocation('https://registry.example/z', open)?.protocol, 'https:');
	for (const location of [undefined, '', 'http://', 'ftp://a/', 'file:///etc/passwd', 'javascript:1', 'data:,x'])
		t.is(parseLocation(location, open), undefined);
});

test('an address with a user in it is not followed', t => {
	t.is(parseLocation('https://user@bucket.example/', tls), undefined);
	t.is(parseLocation('https://:password@bucket.example/', tls), undefined);
});

const hop = (status: number, more: Partial<Parameters<typeof nextHop>[0]> = {}) => {
	const request = {operation: 'readBlob', method: 'GET', expected: [200] as number[]} as const;
	return nextHop({request, from: tls, answer: {status, headers: {location: '/z'}}, hops: 0, host: 'registry.example', ...more});
};

test('only what leads on is followed, and nothing that was asked for as it is', t => {
	for (const status of [301, 302, 303, 307, 308]) t.is(hop(status)?.href, 'https://registry.example/z');
	for (const status of [200, 201, 304, 404, 500]) t.is(hop(status), undefined);
	t.is(hop(307, {request: {operation: 'readBlob', method: 'GET', expected: [307]}}), undefined);
});

test('only what reads is followed, and only so far', t => {
	for (const method of ['PUT', 'POST', 'PATCH', 'DELETE'])
		t.throws(() => hop(307, {request: {operation: 'putBlob', method, expected: []}}), {message: /not to be sent elsewhere/});
	t.throws(() => hop(307, {hops: 5}), {message: /from one address to the next/});
	t.throws(() => hop(307, {answer: {status: 307, headers: {}}}), {message: /an address that is none/});
});
