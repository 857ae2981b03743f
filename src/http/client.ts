/** Who is on the other side: address, scheme and host, behind proxies only as far as those are trusted. */
import type {IncomingMessage} from 'node:http';
import {isIP} from 'node:net';
import {LRUCache} from 'lru-cache';
import {type IsAddress, plainAddress} from '../lib/addressRanges.ts';

/** `url` is the origin by which the client reached us. */
export type Client = {readonly address: string; readonly url: URL};

/** X-Forwarded-* count only when the connection comes from a trusted proxy; `publicUrl`, where it is set, says more than either. */
export const clientOf = (request: IncomingMessage, isTrusted: IsAddress, publicUrl?: URL): Client => {
	const peer = plainAddress(request.socket.remoteAddress ?? '');
	const forwarded = isTrusted(peer);
	const address = forwarded ? originalAddress(peer, request.headers['x-forwarded-for'], isTrusted) : peer;
	return new AskingClient(address, () => publicUrl ?? originOf(request, forwarded));
};

/** A class, and no object with a getter (docs/architecture.md, "What a request leaves behind"). Few ask for the URL, and every request would pay for it. */
class AskingClient implements Client {
	readonly address: string;
	readonly #origin: () => URL;

	constructor(address: string, origin: () => URL) {
		this.address = address;
		this.#origin = origin;
	}

	get url(): URL {
		return this.#origin();
	}
}

/**
 * Whether Go's HTTP client carries its Authorization header from one host to the other when redirected: to the same
 * name, whatever the port, and to names below it (net/http shouldCopyHeaderOnRedirect). S3 answers 400 to a presigned
 * URL that comes with one.
 */
export const carriesAuthorization = (from: string, to: string): boolean => to === from || to.endsWith(`.${from}`);

const originOf = ({headers, socket}: IncomingMessage, forwarded: boolean): URL => {
	const host = (forwarded && last(headers['x-forwarded-host'])) || headers.host || 'localhost';
	const scheme = (forwarded && last(headers['x-forwarded-proto'])) || ('encrypted' in socket ? 'https' : 'http');
	const protocol = scheme === 'https' ? 'https' : 'http';
	return parsedOrigin(`${protocol}://${host}`);
};

/** Clients know a server by few names, and parsing one costs as much as all rights of a request. */
const parsedOrigin = (text: string): URL => {
	const known = origins.get(text);
	if (known) return known;
	const url = URL.parse(text) ?? new URL('http://localhost');
	origins.set(text, url);
	return url;
};

const origins = new LRUCache<string, URL>({max: 100});

const last = (header: string | string[] | undefined): string | undefined =>
	String(header ?? '')
		.split(',')
		.at(-1)
		?.trim() || undefined;

/**
 * Each proxy appends the address it saw, so the client is the last one that is no trusted proxy. What stands before a text that is no address is not
 * believed: whoever appended that text is not known to be a proxy of ours.
 */
const originalAddress = (peer: string, header: string | string[] | undefined, isTrusted: IsAddress): string => {
	let nearest = peer;
	for (const text of String(header ?? '')
		.split(',')
		.toReversed()) {
		const address = plainAddress(withoutPort(text.trim()));
		if (isIP(address) === 0) return nearest;
		nearest = address;
		if (!isTrusted(address)) return nearest;
	}
	return nearest;
};

/** Some proxies append the port, too: `192.0.2.1:4711`, `[2001:db8::1]:4711`. */
const withoutPort = (text: string): string => /^\[([^\]]*)\](?::\d+)?$/.exec(text)?.[1] ?? /^([\d.]+):\d+$/.exec(text)?.[1] ?? text;
