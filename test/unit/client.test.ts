import type {IncomingMessage} from 'node:http';
import test from 'ava';
import {carriesAuthorization, clientOf} from '../../src/http/client.ts';
import {isAmong} from '../../src/lib/addressRanges.ts';

const request = (remoteAddress: string, headers: Record<string, string>) =>
	({socket: {remoteAddress}, headers}) as unknown as IncomingMessage;
const isTrusted = isAmong(['10.0.0.0/8', '::1']);

test('without a trusted proxy the connection says who it is', t => {
	const headers = {host: 'cache:5000', 'x-forwarded-for': '1.2.3.4', 'x-forwarded-proto': 'https', 'x-forwarded-host': 'evil.example'};
	const {address, url} = clientOf(request('192.0.2.1', headers), isTrusted);
	t.is(address, '192.0.2.1');
	t.is(url.href, 'http://cache:5000/');
});

test('a trusted proxy says what the client asked for', t => {
	const headers = {host: 'inside:5000', 'x-forwarded-for': '1.2.3.4', 'x-forwarded-proto': 'https', 'x-forwarded-host': 'cache.example'};
	const {address, url} = clientOf(request('10.1.1.1', headers), isTrusted);
	t.is(address, '1.2.3.4');
	t.is(url.href, 'https://cache.example/');
});

test('what a client writes itself into X-Forwarded-For is not believed: the last untrusted address counts', t => {
	const headers = {host: 'h', 'x-forwarded-for': '6.6.6.6, 1.2.3.4, 10.0.0.9'};
	t.is(clientOf(request('10.1.1.1', headers), isTrusted).address, '1.2.3.4');
});

test('what a proxy appends with a port is an address, and what stands before something else is not believed', t => {
	const addressBy = (forwardedFor: string) =>
		clientOf(request('10.1.1.1', {host: 'h', 'x-forwarded-for': forwardedFor}), isTrusted).address;
	t.is(addressBy('6.6.6.6, 1.2.3.4:51234'), '1.2.3.4');
	t.is(addressBy('6.6.6.6, [2001:db8::7]:51234'), '2001:db8::7');
	t.is(addressBy('6.6.6.6, [2001:db8::7]'), '2001:db8::7');
	t.is(addressBy('6.6.6.6, unknown'), '10.1.1.1');
	t.is(addressBy('6.6.6.6, unknown, 10.0.0.9'), '10.0.0.9');
	t.is(addressBy(''), '10.1.1.1');
});

test('an IPv4 peer on an IPv6 socket is recognised', t => {
	t.is(clientOf(request('::ffff:10.1.1.1', {host: 'h', 'x-forwarded-for': '1.2.3.4'}), isTrusted).address, '1.2.3.4');
});

test('a host that is none becomes localhost', t => {
	for (const host of ['<script>', 'a b', '', '[::1']) t.is(clientOf(request('1.1.1.1', {host}), isTrusted).url.hostname, 'localhost', host);
});

test("Go's client carries Authorization to the same host name on any port and to names below it", t => {
	t.true(carriesAuthorization('localhost', 'localhost'));
	t.true(carriesAuthorization('cache.corp', 's3.cache.corp'));
	t.false(carriesAuthorization('cache.corp', 's3.corp'));
	t.false(carriesAuthorization('cache.corp', 'evilcache.corp'));
	t.false(carriesAuthorization('s3.cache.corp', 'cache.corp'));
});
