/** Signing in and out of the dashboard. */
import type {IncomingMessage} from 'node:http';
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
	show: (request: IncomingMessage, page: Page, status: number) => Promise<Reply>;
};

/** Each throws ApiRefusal. */
export const createSigning = ({access, sessions, show}: SigningOptions) => ({
	ask(_: Exchange, request: IncomingMessage): Promise<Reply> {
		const next = ownPath(new URL(request.url ?? '/', 'http://localhost').searchParams.get('next'));
		const cameFromElsewhere = request.headers['sec-fetch-site'] === 'cross-site';
		return show(request, signInPage({next, isWrong: false, cameFromElsewhere}), 200);
	},

	async signIn({client, log}: Exchange, request: IncomingMessage): Promise<Reply> {
		assertSameSite(request, client);
		const form = await readForm(request);
		const next = ownPath(form.get('next'));
		const accepted = access.isToken(form.get('token') ?? '');
		log.info({client: client.address, accepted}, 'signing in');
		if (!accepted) return show(request, signInPage({next, isWrong: true, cameFromElsewhere: false}), 403);
		return redirectTo(next, {'Set-Cookie': sessions.begin(isSecure(client))});
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
