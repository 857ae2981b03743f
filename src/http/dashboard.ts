/** The dashboard below `/ui`: who may see it, which page a path is, and what becomes of its forms. */
import type {IncomingMessage} from 'node:http';
import type {Audit} from '../audit/audit.ts';
import type {Identity} from '../auth/identity.ts';
import type {Jobs} from '../operations/jobs.ts';
import type {Operations} from '../operations/operations.ts';
import {apiErrors} from '../operations/routes.ts';
import {formatPage, type Page} from '../ui/layout.ts';
import {failurePage} from '../ui/pages/failure.ts';
import {paths} from '../ui/paths.ts';
import {type AdminAccess, assertSameSite} from './adminAccess.ts';
import {ApiRefusal} from './apiRefusal.ts';
import {type Assets, openAssets} from './dashboard/assets.ts';
import {createPruning} from './dashboard/pruning.ts';
import {redirectTo} from './dashboard/redirectTo.ts';
import {createRemembered} from './dashboard/remembered.ts';
import type {Sessions} from './dashboard/session.ts';
import {createSigning} from './dashboard/signing.ts';
import {createViews} from './dashboard/views.ts';
import {type Failure, tell} from './errors.ts';
import {type Exchange, runnerOf} from './exchange.ts';
import type {Reply} from './reply.ts';

export type Dashboard = {
	/** Throws what `failureOf` makes a page of. */
	answer(exchange: Exchange, request: IncomingMessage): Promise<Reply>;
	failureOf(error: unknown, requestId: string, request: IncomingMessage): Promise<Failure>;
};

export type DashboardOptions = {
	operations: Operations;
	jobs: Jobs;
	access: AdminAccess;
	audit: Audit;
	/** Where there is something to sign in with. */
	sessions?: Sessions | undefined;
	/** Milliseconds since 1970. */
	clock: () => number;
	/** Milliseconds since some moment, never going back. */
	elapsed: () => number;
	version: string;
};

export const createDashboard = ({operations, jobs, access, sessions, audit, clock, elapsed, version}: DashboardOptions): Dashboard => {
	const now = () => new Date(clock());
	const remembered = createRemembered(operations, elapsed);
	const views = createViews(remembered, now);
	const pruning = createPruning(operations, jobs, {now, onDone: remembered.forget});
	let opened: Promise<Assets> | undefined;
	const assets = () => {
		opened ??= openAssets();
		return opened;
	};

	const show = async (request: IncomingMessage, page: Page, status = 200, navigates = true): Promise<Reply> => {
		const signedIn = (await sessions?.holderOf(request.headers.cookie)) !== undefined;
		const frame = {version, assets: (await assets()).urls, signedIn, navigates};
		return {status, headers: pageHeaders, body: formatPage(page, frame)};
	};
	/** By a session, or as whoever uses the admin API; undefined for who may still sign in. Throws ApiRefusal. */
	const administratorOf = async (exchange: Exchange, request: IncomingMessage, operation: string): Promise<Identity | undefined> => {
		const holder = await sessions?.holderOf(request.headers.cookie);
		if (holder && access.mayAdminister(holder, exchange.client).allowed) return holder;
		if (sessions && request.headers.authorization === undefined) return undefined;
		return access.assertMayAsk(exchange, request, operation);
	};
	const signing = sessions && createSigning({access, sessions, audit, show: (request, page, status) => show(request, page, status, false)});

	const pageOf = (path: string, query: URLSearchParams, {client}: Exchange): Promise<Page> => {
		if (path === paths.overview) return views.overview(client.url);
		if (path === paths.repositories) return views.repositories();
		if (path === paths.usage) return views.usage(query.get('days'));
		if (path === paths.retention) return views.retention();
		if (path === paths.prune) return pruning.preview(query);
		const [, folder = '', rest = ''] = /^\/ui\/(\w+)\/(.+)$/.exec(path) ?? [];
		if (folder === 'repositories') return views.repository(decode(rest));
		if (folder === 'refs') return views.ref(decode(rest));
		if (folder === 'jobs') return pruning.watch(rest, query);
		throw noPage();
	};

	const answerForm = (path: string, exchange: Exchange, request: IncomingMessage): Reply | Promise<Reply> => {
		assertSameSite(request, exchange.client);
		if (path === paths.prune) return pruning.begin(exchange, request);
		if (path === paths.signOut && signing) return signing.signOut(exchange, request);
		throw new ApiRefusal('method', 'this page is only read', undefined, {Allow: 'GET, HEAD'});
	};

	return {
		async answer(exchange, request) {
			const {pathname, search, searchParams} = new URL(request.url ?? '/', 'http://localhost');
			const isForm = request.method === 'POST';
			if (!isForm && request.method !== 'GET' && request.method !== 'HEAD')
				throw new ApiRefusal('method', 'pages are read', undefined, {Allow: 'GET, HEAD, POST'});
			if (pathname === `${paths.overview}/`) return redirectTo(paths.overview);
			if (pathname.startsWith('/ui/assets/')) return (await assets()).answer(pathname) ?? nowhere();
			if (pathname === paths.signIn) return signing?.[isForm ? 'signIn' : 'ask'](exchange, request) ?? redirectTo(paths.overview);
			const administrator = await administratorOf(exchange, request, isForm ? pathname.slice('/ui/'.length) : 'dashboard');
			if (!administrator) return toSignIn(isForm ? pathname : pathname + search);
			exchange.identity = administrator;
			if (!isForm) audit.record({what: 'admin:dashboard', ...runnerOf(exchange), allowed: true, why: 'it may administer', input: pathname});
			return isForm ? answerForm(pathname, exchange, request) : show(request, await pageOf(pathname, searchParams, exchange));
		},

		async failureOf(error, requestId, request) {
			const {level, error: cause, headers, ...told} = tell(error);
			const page = failurePage({title: titles[told.code] ?? 'This did not work', ...told, requestId});
			const reply = await show(request, page, apiErrors[told.code], told.code !== 'forbidden');
			return {code: told.code, reply: {...reply, headers: {...headers, ...reply.headers}}, ...(level && {level, error: cause})};
		},
	};
};

const toSignIn = (next: string) => redirectTo(`${paths.signIn}?${new URLSearchParams({next})}`);

const noPage = () => new ApiRefusal('not-found', 'there is no such page');
const nowhere = (): never => {
	throw noPage();
};

/** Throws ApiRefusal `not-found`. */
const decode = (text: string): string => {
	try {
		return decodeURIComponent(text);
	} catch {
		throw noPage();
	}
};

const titles: Readonly<Record<string, string>> = {
	'not-found': 'Not found',
	forbidden: 'Not from here',
	unavailable: 'The store does not answer',
	failed: 'Something went wrong',
	busy: 'Too much at once',
};

// Nothing runs, looks or loads that is not ours, and nothing is written into a page to do so.
const pageHeaders = {
	'Content-Type': 'text/html; charset=utf-8',
	'Content-Security-Policy':
		"default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
	'Cache-Control': 'no-store',
	'Referrer-Policy': 'same-origin',
	'X-Content-Type-Options': 'nosniff',
	'Cross-Origin-Resource-Policy': 'same-origin',
};
