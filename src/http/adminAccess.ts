/** Who may use the admin API and the dashboard, and that no page of another site makes their browser do it. */
import type {IncomingMessage} from 'node:http';
import type {RepositoryName, Tag} from 'oci-spec-types';
import type {Audit, AuditEvent} from '../audit/audit.ts';
import {type Authenticated, administrator, anonymous, type Credential, type Identity} from '../auth/identity.ts';
import type {Decision, Rights, RightsOf} from '../auth/rights.ts';
import {withinScopes} from '../auth/scopedRights.ts';
import {isLoopbackAddress, isLoopbackName} from '../lib/loopback.ts';
import {ApiRefusal} from './apiRefusal.ts';
import type {Asking, Authenticate, Identify} from './authentication.ts';
import type {Client} from './client.ts';
import type {Exchange} from './exchange.ts';

export type AdminAccess = {
	/** Whether there is a credential to ask for; where there is none only this machine may ask. */
	asksForCredentials: boolean;
	/**
	 * Who it is that may administer; the audit hears of all others, by the operation that they wanted. Throws ApiRefusal
	 * `unauthenticated` or `forbidden`. For requests that change something `assertSameSite` comes beside it.
	 */
	assertMayAsk(exchange: Exchange, request: IncomingMessage, operation: string): Promise<Identity>;
	/** Whether somebody who has proven who they are may administer, from there. */
	mayAdminister(identity: Identity, client: Client): Decision;
	/** For what anybody may know who may pull a ref. Throws ApiRefusal `unauthenticated`. */
	readerOf(exchange: Exchange, request: IncomingMessage): Promise<Reader>;
	/** For the log-in of a browser. `refused`: why not, for whoever tries. */
	signIn(credential: Credential, client: Client): Promise<{holder: Authenticated; why: string} | {refused: string; identity: Identity}>;
};

/** `decide` tells the audit, and throws ApiRefusal where the decision is a refusal. */
export type Reader = {rights: Rights; decide(on: {repo: RepositoryName; tag: Tag}, decision: Decision): void};

export type AdminAccessOptions = {
	/** LAYERCACHE_AUTH=none. */
	isOpen: boolean;
	authenticate: Authenticate;
	identify: Identify;
	rightsOf: RightsOf;
	audit: Audit;
	/** Missing where there is neither LAYERCACHE_ADMIN_TOKEN nor LAYERCACHE_AUTH=required. */
	asksForCredentials: boolean;
};

export const createAdminAccess = ({
	isOpen,
	authenticate,
	identify,
	rightsOf,
	audit,
	asksForCredentials,
}: AdminAccessOptions): AdminAccess => {
	const mayAdminister = (identity: Identity, {address}: Client) => rightsOf(identity, address).isAdministrator();

	const provenAdministrator = async (request: IncomingMessage, client: Client): Promise<Identity> => {
		if (!asksForCredentials) {
			if (isHere(request, client)) return administrator;
			throw notFromHere();
		}
		const asking = await identify(request.headers.authorization, client.address);
		if ('refused' in asking) throw unauthenticated(asking.refused);
		const {identity, scopes} = asking;
		if (identity.kind === 'anonymous') throw unauthenticated('this needs the credential of an administrator');
		if (scopes)
			throw new ApiRefusal('forbidden', 'a token for the registry does not administer it', 'send the credential itself', {}, identity);
		const {allowed, reason} = mayAdminister(identity, client);
		if (allowed) return identity;
		throw new ApiRefusal('forbidden', reason, undefined, {}, identity);
	};

	return {
		asksForCredentials,
		mayAdminister,
		async assertMayAsk(exchange, request, operation) {
			const {id, client} = exchange;
			try {
				exchange.identity = await provenAdministrator(request, client);
				return exchange.identity;
			} catch (error) {
				if (error instanceof ApiRefusal) {
					const who = (error.identity ?? anonymous).name;
					audit.record({what: `admin:${operation}`, who, from: client.address, allowed: false, why: error.message, requestId: id});
				}
				throw error;
			}
		},
		async readerOf(exchange, request) {
			const {id, client} = exchange;
			const asking = await identify(request.headers.authorization, client.address);
			const tell = (who: string, told: Pick<AuditEvent, 'allowed' | 'why' | 'on' | 'claimed'>) =>
				audit.record({what: 'refs.explain', who, from: client.address, ...told, requestId: id});
			if ('refused' in asking && !isOpen) {
				tell(anonymous.name, {allowed: false, why: asking.refused, ...(asking.claimed !== undefined && {claimed: asking.claimed})});
				throw unauthenticated(asking.refused);
			}
			const {identity, scopes}: Asking = 'refused' in asking ? {identity: anonymous} : asking;
			const rights = rightsOf(identity, client.address);
			const isNobody = identity.kind === 'anonymous' && !isOpen;
			return {
				rights: scopes ? withinScopes(rights, scopes) : rights,
				decide(on, {allowed, reason}) {
					exchange.identity = identity;
					tell(identity.name, {on, allowed, why: reason});
					if (!allowed) throw isNobody ? unauthenticated(reason) : new ApiRefusal('forbidden', reason, undefined, {}, identity);
				},
			};
		},
		async signIn(credential, client) {
			const holder = await authenticate(credential, client.address);
			if ('refused' in holder) return {refused: holder.refused, identity: anonymous};
			const {allowed, reason} = mayAdminister(holder.identity, client);
			return allowed ? {holder, why: reason} : {refused: reason, identity: holder.identity};
		},
	};
};

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

/** Whether somebody asks from this machine, and for nobody else. */
export const isHere = ({headers}: IncomingMessage, {address, url}: Client): boolean =>
	// A public URL tells of a proxy, and not every proxy says that it is one.
	isLoopbackAddress(address) && isLoopbackHost(headers.host) && !isForwarded(headers) && isLoopbackName(url.hostname);

/** A browser cannot send a bearer token by itself, but asks for a name and a password. */
const unauthenticated = (message: string) =>
	new ApiRefusal(
		'unauthenticated',
		message,
		'send `Authorization: Bearer …` with LAYERCACHE_ADMIN_TOKEN of the server, or with a token that may `admin`; users and browsers send a name and a password',
		{'WWW-Authenticate': 'Bearer realm="layercache", Basic realm="layercache", charset="UTF-8"'},
	);

const notFromHere = () =>
	new ApiRefusal(
		'forbidden',
		'without LAYERCACHE_ADMIN_TOKEN only clients on the same machine are answered',
		'set LAYERCACHE_ADMIN_TOKEN at the server, and send it; or ask 127.0.0.1 from the server itself, where no LAYERCACHE_PUBLIC_URL is set',
	);

// A page of another site whose name was made to mean 127.0.0.1 comes with that name, whatever URL is said to be ours.
const isLoopbackHost = (host = '') => isLoopbackName(URL.parse(`http://${host}`)?.hostname ?? '');

// A proxy on this machine makes everybody look like a client on this machine, unless it says for whom it asks.
const isForwarded = (headers: IncomingMessage['headers']) =>
	['x-forwarded-for', 'x-forwarded-host', 'x-forwarded-proto', 'forwarded', 'x-real-ip', 'via'].some(name => headers[name] !== undefined);
