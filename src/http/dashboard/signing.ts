/** Signing in and out of the dashboard. */
import type {IncomingMessage} from 'node:http';
import type {Audit} from '../../audit/audit.ts';
import type {Credential} from '../../auth/identity.ts';
import type {Page} from '../../ui/layout.ts';
import {signInPage} from '../../ui/pages/signIn.ts';
import {paths} from '../../ui/paths.ts';
import {type AdminAccess, assertSameSite} from '../adminAccess.ts';
import type {Exchange} from '../exchange.ts';
import type {Reply} from '../reply.ts';
import {readForm} from './form.ts';
import {redirectTo} from './redirectTo.ts';
import type {Sessions} from './session.ts';

export type SigningOptions = {
	access: AdminAccess;
	sessions: Sessions;
	audit: Audit;
	show: (request: IncomingMessage, page: Page, status: number) => Promise<Reply>;
};

/** Each throws ApiRefusal. */
export const createSigning = ({access, sessions, audit, show}: SigningOptions) => ({
	ask(_: Exchange, request: IncomingMessage): Promise<Reply> {
		const next = ownPath(new URL(request.url ?? '/', 'http://localhost').searchParams.get('next'));
		const cameFromElsewhere = request.headers['sec-fetch-site'] === 'cross-site';
		return show(request, signInPage({next, cameFromElsewhere}), 200);
	},

	async signIn({id, client}: Exchange, request: IncomingMessage): Promise<Reply> {
		assertSameSite(request, client);
		const form = await readForm(request);
		const next = ownPath(form.get('next'));
		const [name, secret] = [form.get('name') ?? '', form.get('secret') ?? ''];
		const credential: Credential = name === '' ? {bearer: secret} : {username: name, password: secret};
		const answer = await access.signIn(credential, client);
		const accepted = 'holder' in answer ? answer : undefined;
		const cookie = accepted && (await sessions.begin(accepted.holder, isSecure(client)));
		const refused = 'refused' in answer ? answer.refused : cookie ? undefined : 'what is known of this identity does not fit into a cookie';
		audit.record({
			what: 'signIn',
			who: ('holder' in answer ? answer.holder : answer).identity.name,
			from: client.address,
			allowed: refused === undefined,
			why: refused ?? accepted?.why ?? '',
			...(name !== '' && refused !== undefined && {claimed: name}),
			requestId: id,
		});
		if (!cookie) return show(request, signInPage({next, refused: refused ?? '', cameFromElsewhere: false}), 403);
		return redirectTo(next, {'Set-Cookie': cookie});
	},

	signOut({client}: Exchange, request: IncomingMessage): Reply {
		assertSameSite(request, client);
		return redirectTo(paths.signIn, {'Set-Cookie': sessions.end(isSecure(client))});
	},
});

const isSecure = ({url}: Exchange['client']) => url.protocol === 'https:';

/** Only ever to a page of the dashboard, whatever a link said: as a browser will read it, in which two dots climb. */
const ownPath = (next: string | null): string => {
	const url = next?.startsWith('/') ? URL.parse(next, 'http://localhost') : undefined;
	return url?.host === 'localhost' && /^\/ui(?:\/|$)/.test(url.pathname) ? `${url.pathname}${url.search}` : paths.overview;
};
