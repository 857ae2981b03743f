/** The distribution API: a request is parsed once, handed to its endpoint, and its reply written. */
import type {IncomingMessage, ServerResponse} from 'node:http';
import {OciError, parseRequest, type RequestUrl} from 'oci-spec-types';
import type {Audit} from '../audit/audit.ts';
import {clientNameOf} from '../auth/identity.ts';
import {type Caller, NotAllowed} from '../auth/rights.ts';
import type {Registry} from '../registry/registry.ts';
import type {UsageRecorder} from '../usage/usage.ts';
import {bodyOf, sizeOf} from './arrivingBody.ts';
import type {Admit} from './authorization.ts';
import {carriesAuthorization} from './client.ts';
import {type HandlerContext, handle} from './endpoints.ts';
import type {Exchange} from './exchange.ts';
import type {Reply} from './reply.ts';
import {type Room, slowBlob, type Turn, takeTurn} from './room.ts';
import {inPlace} from './streamedAnswer.ts';
import {tenantOf} from './tenant.ts';
import {leaveRest} from './unreadBody.ts';
import {tellUpload} from './uses.ts';
import {createWitness} from './witness.ts';

/** The registry as that caller sees it. */
export type RegistryFor = (caller: Caller) => Registry;

/** What the API is served from. */
export type V2Parts = {registryFor: RegistryFor; admit: Admit; audit: Audit; usage: UsageRecorder; room: Room};

export const answerV2 = async (
	exchange: Exchange,
	request: IncomingMessage,
	response: ServerResponse,
	{registryFor, admit, audit, usage, room}: V2Parts,
): Promise<Reply> => {
	const ociRequest = parseRequest(request.method ?? 'GET', urlAsItCame(request.url ?? '/'));
	exchange.request = ociRequest;
	const admission = await admit(ociRequest, exchange.client, request.headers.authorization);
	const witness = createWitness(audit, exchange, ociRequest, admission);
	if ('refusal' in admission) {
		witness.refused(admission.why, admission.refusal.status);
		throw admission.refusal;
	}
	if (isSentByPage(request)) {
		const denied = new OciError('DENIED', undefined, {
			message: 'this could have been sent by a page of another site: scripts send no Origin',
		});
		witness.refused(denied.message, denied.status);
		throw denied;
	}
	const {caller, refusalOf} = admission;
	exchange.identity = caller.identity;
	const body = bodyOf(exchange, request, room);
	let turn: Turn | undefined;
	try {
		turn = await takeTurn(room.requests, ociRequest.kind, tenantOf(exchange));
		const stream: HandlerContext['stream'] = open => {
			// Who waits to be streamed something must not keep others from being answered.
			turn?.release();
			return inPlace({lender: room.downloads, tenant: tenantOf(exchange), slow: slowBlob, cut: () => cut(exchange, response)}, open);
		};
		const context = contextOf(exchange, request, response, {
			...{body, stream, usage},
			registry: registryFor(caller),
			client: clientNameOf(caller),
			noteDiscarded: witness.discarded,
			mayPush: (repo, tag) => caller.rights.may('push', repo, tag).allowed,
		});
		const reply = await handle(ociRequest, context);
		witness.allowed(reply.status);
		exchange.redirected = reply.status === 307;
		tellUpload(ociRequest, context, exchange.redirected ? undefined : exchange.bytesIn);
		if (exchange.redirected) leaveRest(request);
		return reply;
	} catch (error) {
		const failure = error instanceof NotAllowed ? refusalOf(error) : error;
		const status = failure instanceof OciError ? failure.status : undefined;
		if (error instanceof OciError && error.code === 'DENIED') witness.refused(error.message, status);
		else witness.allowed(status);
		throw failure;
	} finally {
		turn?.release();
		body.leave();
	}
};

/**
 * Whether a page in a browser wants to write, and shows no credential of its own. Where nobody has to log in that may be any page: a name that was
 * made to mean this server is the page's own origin. Browsers say so with all that is not only read, and builders never do.
 */
const isSentByPage = ({method, headers}: IncomingMessage): boolean =>
	headers.origin !== undefined && headers.authorization === undefined && method !== 'GET' && method !== 'HEAD';

const cut = (exchange: Exchange, response: ServerResponse): void => {
	exchange.cut = 'slow';
	response.destroy();
};

const contextOf = (
	exchange: Exchange,
	request: IncomingMessage,
	response: ServerResponse,
	parts: Pick<HandlerContext, 'body' | 'stream' | 'usage' | 'registry' | 'client' | 'mayPush' | 'noteDiscarded'>,
): HandlerContext => {
	const {client} = exchange;
	const {headers} = request;
	return {
		...parts,
		tenant: tenantOf(exchange),
		headers,
		bodySize: sizeOf(request),
		mayRedirect: url => headers.authorization === undefined || !carriesAuthorization(client.url.hostname, url.hostname),
		// A server that drains says so before the request comes here.
		staysOpen: response.shouldKeepAlive && response.getHeader('connection') !== 'close',
		noteUpload: way => {
			exchange.upload = way;
		},
		log: () => exchange.log,
	};
};

/** Not by `new URL`, which resolves `..`: a name that climbs is to be refused, and not to become another. */
const urlAsItCame = (target: string): RequestUrl => {
	const [pathname = '', ...query] = target.split('?');
	const search = query.join('?');
	return {pathname, search, searchParams: new URLSearchParams(search)};
};
