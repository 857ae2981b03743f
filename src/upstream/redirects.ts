/** Where an upstream sends us on to, followed by hand: a few steps, only to read, and never from TLS into the open. */
import type {WireAnswer} from './connections.ts';
import {nonsense} from './refusals.ts';
import type {UpstreamOperation} from './upstream.ts';

export type Hop = {
	request: {operation: UpstreamOperation; method: string; expected: readonly number[]};
	from: URL;
	answer: Pick<WireAnswer, 'status' | 'headers'>;
	/** How many there were before. */
	hops: number;
	/** The upstream's. */
	host: string;
};

/** Undefined where the answer is one, or is for whoever asked. Throws where it must not be followed. */
export const nextHop = ({request, from, answer: {status, headers}, hops, host}: Hop): URL | undefined => {
	const {operation, method, expected} = request;
	if (!redirects.has(status) || expected.includes(status)) return undefined;
	const refuse = (problem: string) => nonsense({host, operation}, problem);
	if (method !== 'GET' && method !== 'HEAD') throw refuse(`sends us elsewhere with ${operation}, which is not to be sent elsewhere`);
	if (hops >= mostHops) throw refuse(`sends us from one address to the next, ${mostHops} times and more`);
	const next = parseLocation(headers.location, from);
	if (next) return next;
	throw refuse('sends us to an address that is none, or out of TLS');
};

/** An address that an answer tells, for us or for a client; undefined where it is none that may be followed. What it tells of a user is not believed. */
export const parseLocation = (location: string | undefined, from: URL): URL | undefined => {
	if (!location || !URL.canParse(location, from)) return undefined;
	const url = new URL(location, from);
	if (url.username || url.password) return undefined;
	const isSafe = url.protocol === 'https:' || (url.protocol === 'http:' && from.protocol === 'http:');
	return isSafe ? url : undefined;
};

/** "A registry may answer 307"; the others are what is met in the field. */
const redirects: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);
const mostHops = 5;
