/** The distribution API: a request is parsed once, handed to its endpoint, and its reply written. */
import type {IncomingMessage} from 'node:http';
import {parseRequest, type RequestUrl} from 'oci-spec-types';
import type {Registry} from '../registry/registry.ts';
import {type Client, carriesAuthorization} from './client.ts';
import {type HandlerContext, handle} from './endpoints.ts';
import type {Exchange} from './exchange.ts';
import type {Reply} from './reply.ts';

export type RegistryFor = (client: Client) => Registry;

export const answerV2 = async (exchange: Exchange, request: IncomingMessage, registryFor: RegistryFor): Promise<Reply> => {
	const ociRequest = parseRequest(request.method ?? 'GET', urlAsItCame(request.url ?? '/'));
	exchange.request = ociRequest;
	const reply = await handle(ociRequest, contextOf(exchange, request, registryFor(exchange.client)));
	exchange.redirected = reply.status === 307;
	return reply;
};

const contextOf = ({client, log}: Exchange, request: IncomingMessage, registry: Registry): HandlerContext => ({
	registry,
	headers: request.headers,
	// An upload that is refused half way must not cut the connection: the client would see a reset instead of the reason.
	body: {[Symbol.asyncIterator]: () => request.iterator({destroyOnReturn: false})},
	bodySize: request.headers['content-length'] === undefined ? undefined : Number(request.headers['content-length']),
	mayRedirect: url => request.headers.authorization === undefined || !carriesAuthorization(client.url.hostname, url.hostname),
	log,
});

/** Not by `new URL`, which resolves `..`: a name that climbs is to be refused, and not to become another. */
const urlAsItCame = (target: string): RequestUrl => {
	const [pathname = '', ...query] = target.split('?');
	const search = query.join('?');
	return {pathname, search, searchParams: new URLSearchParams(search)};
};
