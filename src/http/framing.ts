/** Requests that a proxy in front of us might have cut at another place, or taken for another host: none of them is served. */
import type {IncomingMessage} from 'node:http';

/**
 * What is wrong with how a request is framed, in words for its sender; undefined where nothing is. Node's parser refuses the rest: two lengths,
 * a length beside chunks, folded lines, bare line feeds.
 */
export const framingProblem = ({httpVersionMinor, headers, rawHeaders}: IncomingMessage): string | undefined => {
	// RFC 9112 3.2: "A server MUST respond with a 400 […] to any HTTP/1.1 request message that lacks a Host header field and to any […] that contains more than one".
	// HTTP/0.9, whose answers have no head, has none either.
	const hosts = countOf('host', rawHeaders);
	if (hosts > 1 || (hosts === 0 && httpVersionMinor > 0)) return 'a request has one Host';
	const coding = headers['transfer-encoding'];
	if (coding === undefined) return undefined;
	// RFC 9112 6.1: "A server […] that receives an HTTP/1.0 message containing a Transfer-Encoding header field MUST treat the message as if the framing is faulty".
	if (httpVersionMinor === 0) return 'HTTP/1.0 has no Transfer-Encoding';
	return coding.toLowerCase() === 'chunked' ? undefined : 'no Transfer-Encoding but chunked is taken';
};

const countOf = (name: string, rawHeaders: readonly string[]): number => {
	let count = 0;
	for (let at = 0; at < rawHeaders.length; at += 2) {
		const given = rawHeaders[at];
		if (given?.length === name.length && given.toLowerCase() === name) count += 1;
	}
	return count;
};
