/** The distribution API: a request is parsed once, handed to its endpoint, and its reply written. */
import type {IncomingMessage} from 'node:http';
import {parseRequest, type RequestUrl} from 'oci-spec-types';
import type {Bytes, Registry} from '../registry/registry.ts';
import {type Client, carriesAuthorization} from './client.ts';
import {type HandlerContext, handle} from './endpoints.ts';
import type {Exchange} from './exchange.ts';
import type {Reply} from './reply.ts';

export type RegistryFor = (client: Client) => Registry;

export const answerV2 = async (exchange: Exchange, request: IncomingMessage, registryFor: RegistryFor): Promise<Reply> => {
	const ociRequest = parseRequest(request.method ?? 'GET', urlAsItCame(request.url ?? '/'));
	exchange.request = ociRequest;
	// An upload that is refused half way must not cut the connection: the client would see a reset instead of the reason.
	const unread = request.iterator({destroyOnReturn: false});
	try {
		const body = countedBody(exchange, unread);
		const reply = await handle(ociRequest, contextOf(exchange, request, body, registryFor(exchange.client)));
		exchange.redirected = reply.status === 307;
		return reply;
	} finally {
		// Node drains what nobody has begun to read, and leaves the rest to us: unread, it would stop the connection for good.
		void unread.return?.().finally(() => request.resume());
	}
};

const countedBody = (exchange: Exchange, bytes: AsyncIterator<Uint8Array>): Bytes => ({
	async *[Symbol.asyncIterator]() {
		for (let next = await bytes.next(); !next.done; next = await bytes.next()) {
			exchange.bytesIn += next.value.length;
			yield next.value;
		}
	},
});

const contextOf = ({client, log}: Exchange, {headers}: IncomingMessage, body: Bytes, registry: Registry): HandlerContext => ({
	registry,
	headers,
	body,
	bodySize: headers['content-length'] === undefined ? undefined : Number(headers['content-length']),
	mayRedirect: url => headers.authorization === undefined || !carriesAuthorization(client.url.hostname, url.hostname),
	log,
});

/** Not by `new URL`, which resolves `..`: a name that climbs is to be refused, and not to become another. */
const urlAsItCame = (target: string): RequestUrl => {
	const [pathname = '', ...query] = target.split('?');
	const search = query.join('?');
	return {pathname, search, searchParams: new URLSearchParams(search)};
};
