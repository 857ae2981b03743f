/** How a client is told where to get a token, and for what: `WWW-Authenticate: Bearer …` (RFC 6750; CNCF Distribution, "Token Authentication"). */
import {formatScope, OciError, type OciRequest, type Scope} from 'oci-spec-types';
import {endpoints} from './endpoints.ts';

export const tokenPath = '/token';

/** What is the matter with a token that came along. */
export type TokenError = 'invalid_token' | 'insufficient_scope';

/** `url` is the origin by which the client reached us; a URL's host has nothing that would end a quoted text. */
const formatChallenge = (url: URL, scopes: readonly Scope[], error?: TokenError): string =>
	[
		`Bearer realm="${url.origin}${tokenPath}"`,
		`service="${url.host}"`,
		...(scopes.length > 0 ? [`scope="${scopes.map(formatScope).join(' ')}"`] : []),
		...(error ? [`error="${error}"`] : []),
	].join(',');

export type UnauthorizedOptions = {url: URL; request: OciRequest; message: string; error?: TokenError | undefined};

/** 401, with what a token for this request has to be asked for. */
export const unauthorized = ({url, request, message, error}: UnauthorizedOptions): OciError =>
	new OciError('UNAUTHORIZED', undefined, {message, headers: {'WWW-Authenticate': formatChallenge(url, scopesFor(request), error)}});

/** What a token must have for a request. A push reads what is there, and a mount reads where the blob is. */
const scopesFor = (request: OciRequest): Scope[] => {
	const {action} = endpoints[request.kind];
	if (action === 'catalog') return [{type: 'registry', name: 'catalog', actions: ['*']}];
	if (!action || !('repo' in request)) return [];
	const own: Scope = {type: 'repository', name: request.repo, actions: action === 'pull' ? ['pull'] : ['pull', action]};
	if (request.kind !== 'upload.mount' || request.from === undefined) return [own];
	return [own, {type: 'repository', name: request.from, actions: ['pull']}];
};
