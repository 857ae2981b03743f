/** Who may use the admin API and the dashboard, and that no page of another site makes their browser do it. */
import {createHash, timingSafeEqual} from 'node:crypto';
import type {IncomingMessage} from 'node:http';
import {isAmong} from '../lib/addressRanges.ts';
import {isLoopbackName} from '../lib/loopback.ts';
import {ApiRefusal} from './apiRefusal.ts';
import type {Client} from './client.ts';

export type AdminAccess = {
	/** Whether a token is set: without one only this machine may ask. */
	hasToken: boolean;
	/** Throws ApiRefusal `unauthenticated` or `forbidden`. For requests that change something `assertSameSite` comes beside it. */
	assertMayAsk(request: IncomingMessage, client: Client): void;
	/** Whether this is the token. Takes as long whatever the two have in common. */
	isToken(text: string): boolean;
};

export const createAdminAccess = (token: string | undefined): AdminAccess => ({
	hasToken: token !== undefined,
	assertMayAsk({headers}, client) {
		if (token !== undefined) {
			const given = tokenOf(headers.authorization);
			if (given !== undefined && isEqual(given, token)) return;
			throw new ApiRefusal(
				'unauthenticated',
				given === undefined ? 'this needs the token of the administrator' : 'this is not the token of the administrator',
				'send `Authorization: Bearer …` with LAYERCACHE_ADMIN_TOKEN of the server; in a browser it is the password, with any name',
				{'WWW-Authenticate': 'Bearer realm="layercache", Basic realm="layercache", charset="UTF-8"'},
			);
		}
		const isHere = isLoopback(client.address) && isLoopbackHost(headers.host) && !isForwarded(headers);
		// A public URL tells of a proxy, and not every proxy says that it is one.
		if (isHere && isLoopbackName(client.url.hostname)) return;
		throw new ApiRefusal(
			'forbidden',
			'without LAYERCACHE_ADMIN_TOKEN only clients on the same machine are answered',
			'set LAYERCACHE_ADMIN_TOKEN at the server, and send it; or ask 127.0.0.1 from the server itself, where no LAYERCACHE_PUBLIC_URL is set',
		);
	},
	isToken: text => token !== undefined && isEqual(text, token),
});

/**
 * That this was not sent by a page of another site. Browsers say where a request comes from, and send a form anywhere;
 * JSON they send elsewhere only after asking, and that we never allow. Throws ApiRefusal `forbidden`.
 */
export const assertSameSite = ({headers}: IncomingMessage, client: Client): void => {
	const site = headers['sec-fetch-site'];
	const {origin} = headers;
	const fromHere = site === undefined || site === 'same-origin' || site === 'none';
	// Somebody may come past the proxy, through a forwarded port.
	const sender = URL.parse(origin ?? '')?.host;
	const ownOrigin = origin === undefined || (sender !== undefined && [client.url.host, headers.host].includes(sender));
	if (fromHere && ownOrigin && (site !== undefined || origin !== undefined || isJson(headers['content-type']))) return;
	throw new ApiRefusal(
		'forbidden',
		'this could have been sent by a page of another site',
		'scripts send `Content-Type: application/json` and no Origin, people use the dashboard; behind a proxy set LAYERCACHE_HTTP_TRUSTED_PROXIES or LAYERCACHE_PUBLIC_URL',
	);
};

export const isJson = (contentType = ''): boolean => contentType.split(';', 1)[0]?.trim().toLowerCase() === 'application/json';

/** A browser cannot send a bearer token by itself, but asks for a name and a password. */
const tokenOf = (authorization = ''): string | undefined => {
	const [, scheme = '', value = ''] = /^(\w+) +(\S+)$/.exec(authorization) ?? [];
	if (scheme.toLowerCase() === 'bearer') return value;
	if (scheme.toLowerCase() !== 'basic') return undefined;
	const pair = Buffer.from(value, 'base64').toString();
	return pair.slice(pair.indexOf(':') + 1);
};

/** Takes as long whatever the two have in common, and however long they are. */
const isEqual = (a: string, b: string) => timingSafeEqual(sha256(a), sha256(b));
const sha256 = (text: string) => createHash('sha256').update(text).digest();

const isLoopback = isAmong(['127.0.0.0/8', '::1']);

// A page of another site whose name was made to mean 127.0.0.1 comes with that name, whatever URL is said to be ours.
const isLoopbackHost = (host = '') => isLoopbackName(URL.parse(`http://${host}`)?.hostname ?? '');

// A proxy on this machine makes everybody look like a client on this machine, unless it says for whom it asks.
const isForwarded = (headers: IncomingMessage['headers']) =>
	['x-forwarded-for', 'x-forwarded-host', 'x-forwarded-proto', 'forwarded', 'x-real-ip', 'via'].some(name => headers[name] !== undefined);
