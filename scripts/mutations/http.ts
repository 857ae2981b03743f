/** Defences of the doors: the registry's, the administrator's, the browser's, and those who stand in them for long. */
import type {Mutation} from './mutation.ts';

const everyEndpoint = {
	file: 'test/security/everyEndpoint.test.ts',
	title: '… is answered what its rights allow and nothing else, for every kind of request',
};
const forged = 'test/security/forgedTokens.test.ts';
const admin = 'test/http/adminAccess.test.ts';

export const httpMutations: readonly Mutation[] = [
	{
		threat: 'A server that is open to others by mistake',
		file: 'src/config/authentication.ts',
		take: "...(isLoopbackHost(host) ? [] : ['LAYERCACHE_HOST is an address that others reach']),",
		leave: '',
		test: {file: 'test/unit/openToAll.test.ts', title: 'on … it has to be said, and either can be'},
	},
	{
		threat: 'An old version of TLS',
		file: 'src/http/tlsServer.ts',
		take: 'server.setSecureContext({...context, minVersion})',
		leave: 'server.setSecureContext(context)',
		test: {file: 'test/http/tls.test.ts', title: 'a client that speaks only an older version than is wanted gets none'},
	},
	{
		threat: 'A session that is sent in the clear',
		file: 'src/http/dashboard/session.ts',
		take: "${isSecure ? '; Secure' : ''}",
		leave: "${isSecure ? '' : ''}",
		test: {file: 'test/http/tls.test.ts', title: 'the session of somebody who signs in by https is never sent in the clear'},
	},
	{
		threat: 'Asking without a log-in',
		file: 'src/http/authorization.ts',
		take: "if (identity.kind === 'anonymous' && !(request.kind === 'ping' && scopes)) return {allowed: false, reason: 'this needs a log-in'};",
		leave: '',
		test: everyEndpoint,
	},
	{
		threat: 'A token used for more than it was asked for',
		file: 'src/http/authorization.ts',
		take: 'rights: isNarrow ? withinScopes(rights, scopes) : rights',
		leave: 'rights',
		test: everyEndpoint,
	},
	{
		threat: 'The administration by a token of the registry',
		file: 'src/http/adminAccess.ts',
		take: 'if (scopes)\n',
		leave: 'if (scopes === null)\n',
		test: {
			file: forged,
			title: 'a token for the registry does not administer it, though its holder may, and what renews opens nothing itself',
		},
	},
	{
		threat: 'A secret in a URL',
		file: 'src/http/tokenRequest.ts',
		take: "if (given.has('password') || given.has('refresh_token'))",
		leave: "if (given.has('nothing'))",
		test: {file: 'test/http/tokenEndpoint.test.ts', title: 'a secret in a URL is refused, even a good one: it would stand in logs'},
	},
	{
		threat: 'A page of another site that acts for an administrator',
		file: 'src/http/adminAccess.ts',
		take: "if (fromHere && ownOrigin && (site !== undefined || origin !== undefined || isJson(headers['content-type']))) return;",
		leave: 'if (fromHere || ownOrigin) return;',
		test: {file: admin, title: 'what a page of another site sends changes nothing'},
	},
	{
		threat: 'A page of another site that writes to a registry where nobody logs in',
		file: 'src/http/v2.ts',
		take: 'if (isSentByPage(request)) {',
		leave: 'if (isSentByPage(request) && request.url === undefined) {',
		test: {
			file: 'test/security/requestForgery.test.ts',
			title: 'a page in the browser of somebody who may reach the registry writes nothing there, by whatever name the page has us',
		},
	},
	{
		threat: 'A name that was made to mean this machine',
		file: 'src/http/adminAccess.ts',
		take: 'isLoopbackAddress(address) && isLoopbackHost(headers.host) &&',
		leave: 'isLoopbackAddress(address) &&',
		test: {
			file: admin,
			title: 'a public URL opens nothing to pages of other sites, and nothing to those behind a proxy that does not say so',
		},
	},
	{
		threat: 'A proxy on this machine that makes everybody local',
		file: 'src/http/adminAccess.ts',
		take: '!isForwarded(headers) && ',
		leave: '',
		test: {file: admin, title: 'without a token only clients that come to this machine by its own name are answered'},
	},
	{
		threat: 'A session cookie that scripts read, or other sites send',
		file: 'src/http/dashboard/session.ts',
		take: 'HttpOnly; SameSite=Strict',
		leave: 'SameSite=Lax',
		test: {
			file: 'test/unit/dashboardSession.test.ts',
			title: 'the cookie has nothing of the credential, and only the dashboard of this host gets it',
		},
	},
	{
		threat: 'A sign-in that leads to another site',
		file: 'src/http/dashboard/signing.ts',
		take: "url?.host === 'localhost' && /^\\/ui(?:\\/|$)/.test(url.pathname)",
		leave: 'url',
		test: {file: 'test/http/dashboard.test.ts', title: 'signing in leads to no other site, whatever a link said'},
	},
	{
		threat: 'Markup in a name',
		file: 'src/ui/html.ts',
		take: 'text.replace(/[&<>"\'`]/g, character => `&#${character.charCodeAt(0)};`)',
		leave: 'text',
		test: {file: 'test/unit/html.test.ts', title: 'what is put into markup is text, whatever it looks like'},
	},
	{
		threat: 'A page that runs what is not ours',
		file: 'src/http/dashboard.ts',
		take: "default-src 'none'; script-src 'self';",
		leave: "script-src 'self' 'unsafe-inline';",
		test: {file: 'test/http/dashboard.test.ts', title: 'each page is answered whole, and forbids what is not ours'},
	},
	{
		threat: 'An address that a client makes up',
		file: 'src/http/client.ts',
		take: "const address = forwarded ? originalAddress(peer, request.headers['x-forwarded-for'], isTrusted) : peer;",
		leave: "const address = originalAddress(peer, request.headers['x-forwarded-for'], isTrusted);",
		test: {file: 'test/http/server.test.ts', title: 'X-Forwarded-For counts only from a trusted proxy'},
	},
	{
		threat: 'An address that a client makes up, before one that a proxy wrote otherwise',
		file: 'src/http/client.ts',
		take: 'if (isIP(address) === 0) return nearest;',
		leave: 'if (isIP(address) === 0) continue;',
		test: {
			file: 'test/unit/client.test.ts',
			title: 'what a proxy appends with a port is an address, and what stands before something else is not believed',
		},
	},
	{
		threat: 'A token sent to the store, which refuses it or reads it',
		file: 'src/http/client.ts',
		take: 'to === from || to.endsWith(`.${from}`)',
		leave: 'to.length < 0 && from === to',
		test: {
			file: 'test/unit/client.test.ts',
			title: "Go's client carries Authorization to the same host name on any port and to names below it",
		},
	},
	{
		threat: 'Secrets in the log, the metrics, the answers, the audit and the bucket',
		file: 'src/http/exchange.ts',
		take: "request.url?.split('?', 1)[0]?.slice(0, 256)",
		leave: 'request.url',
		test: {file: 'test/security/secrets.test.ts', title: 'no secret is written anywhere, whoever sends it wherever, be it right or wrong'},
	},
	{
		threat: 'Series of metrics without end',
		file: 'src/http/exchange.ts',
		take: "kind: exchange.request?.kind ?? 'other', method,",
		leave: "kind: exchange.request?.kind ?? (request.url as 'other'), method,",
		test: {
			file: 'test/security/logInjection.test.ts',
			title: 'metrics have no label that a client can name: their number is bounded whatever is asked',
		},
	},
	{
		threat: 'Headers that never end',
		file: 'src/http/connectionLimits.ts',
		take: 'return connection.beganAt !== undefined && now - connection.beganAt >= headerMs;',
		leave: 'return false;',
		test: {
			file: 'test/unit/connectionLimits.test.ts',
			title: 'headers that have begun are late when their time is over, however many of them still come',
		},
	},
	{
		threat: 'Bodies of which a few bytes come',
		file: 'src/http/arrivingBody.ts',
		take: 'const doorBytes = 16 * 1024;',
		leave: 'const doorBytes = 0;',
		test: {file: 'test/http/slowClients.test.ts', title: 'an upload is begun when its first bytes have come, and not for a few of them'},
	},
	{
		threat: 'Forms to log in with that do not end',
		file: 'src/http/smallBody.ts',
		take: 'setTimeout(() => request.socket.destroy(), withinMs)',
		leave: 'setTimeout(() => undefined, withinMs)',
		test: {
			file: 'test/security/crowds.test.ts',
			title: 'a form to log in with that does not end is not waited for, however its bytes come',
		},
	},
	{
		threat: 'Answers that nobody reads',
		file: 'src/http/streamedAnswer.ts',
		take: 'isSlow: speed.isSlow',
		leave: 'isSlow: () => false',
		test: {file: 'test/security/crowds.test.ts', title: 'readers who have stopped reading give their places to one who reads'},
	},
	{
		threat: 'Bodies that stop coming',
		file: 'src/http/arrivingBody.ts',
		take: 'isSlow: () => !isEnded && pieces.isSlow()',
		leave: 'isSlow: () => false',
		test: {file: 'test/security/crowds.test.ts', title: 'uploads that have stopped coming give their places to one that comes'},
	},
	{
		threat: 'Clients that hold places and hardly move',
		file: 'src/lib/lender.ts',
		take: 'const slow = loans.filter(({borrower}) => borrower.giveWay && borrower.isSlow?.());',
		leave: 'const slow = loans.slice(0, 0);',
		test: {
			file: 'test/unit/lender.test.ts',
			title: 'nobody is looked after while nobody waits, and who is slow gives way while somebody does',
		},
	},
	{
		threat: 'More connections than there is room for',
		file: 'src/http/connectionLimits.ts',
		take: 'if (connections.count() <= Math.min(most, mostPerAddress)) return undefined;',
		leave: 'if (connections.count() >= 0) return undefined;',
		test: {
			file: 'test/security/crowds.test.ts',
			title: 'connections that … are no more than there is room for, and keep nobody out',
		},
	},
	{
		threat: 'One who asks for everything, before all others',
		file: 'src/lib/lender.ts',
		take: 'account.lent < best.account.lent || (account.lent === best.account.lent && first.asked < best.first.asked)',
		leave: 'first.asked < best.first.asked',
		test: {file: 'test/unit/lender.test.ts', title: 'who has least is served next, however long the queue of another is'},
	},
	{
		threat: 'Whatever nobody has thought of',
		file: 'src/refs/withRights.ts',
		take: "if (rights.mayWithin('pull', repo).allowed) yield repo;",
		leave: 'yield repo;',
		test: {
			file: 'test/security/fuzz.test.ts',
			title: 'some thousand generated requests get no failure, no silence and nothing that is not theirs',
		},
	},
];
