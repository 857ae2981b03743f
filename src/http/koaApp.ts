/** The order in which a request passes through the server. */
import type {IncomingMessage, ServerResponse} from 'node:http';
import Router from '@koa/router';
import Koa from 'koa';
import {OciError} from 'oci-spec-types';
import type {IsAddress} from '../lib/addressRanges.ts';
import {isLoopbackName} from '../lib/loopback.ts';
import {openApiPath} from '../operations/routes.ts';
import type {Log} from '../telemetry/log.ts';
import type {Metrics} from '../telemetry/metrics.ts';
import type {HttpAdministration} from './administration.ts';
import {ApiRefusal} from './apiRefusal.ts';
import {tokenPath} from './challenge.ts';
import {type Client, clientOf} from './client.ts';
import type {Dashboard} from './dashboard.ts';
import {apiFailureOf, type Failure, failureOf, isDeparture, tokenFailureOf} from './errors.ts';
import {createExchange, type Exchange, recordWhenOver, requestIdOf} from './exchange.ts';
import type {Gates} from './gates.ts';
import {answerRef, type ExplainRef, refsPath} from './refs.ts';
import {type Reply, sendReply} from './reply.ts';
import {answerV2, type V2Parts} from './v2.ts';
import {welcome} from './welcome.ts';

export type KoaAppOptions = V2Parts &
	Gates & {
		explainRef: ExplainRef;
		administration: HttpAdministration;
		/** Throws when the server should get no requests: it drains, or its store is away. */
		assertReady: () => Promise<void>;
		isTrusted: IsAddress;
		/** How clients reach us, where the request does not show it. */
		publicUrl?: URL;
		log: Log;
		metrics: Metrics;
	};

type State = {exchange: Exchange};
type Answer = (exchange: Exchange, request: IncomingMessage, response: ServerResponse) => Reply | Promise<Reply>;

export const createKoaApp = (options: KoaAppOptions): Koa<State> => {
	const {explainRef, access, administration, tokens, assertMayReadMetrics, assertReady, isTrusted, publicUrl, log, metrics} = options;
	const {api, dashboard} = administration;
	const router = new Router<State>();
	const route = (path: string, answer: Answer) =>
		router.all(path, async ({req, res, state: {exchange}}) => {
			await send(exchange, req, res, await answer(exchange, req, res));
		});
	route('/api{/*rest}', async (exchange, request) => {
		const {method = 'GET', url = ''} = request;
		const path = url.split('?', 1)[0] ?? '';
		if (api.has(path)) return api.answer(exchange, request);
		if (path.startsWith(refsPath)) return answerRef(method, url, await access.readerOf(exchange, request), explainRef);
		throw new ApiRefusal('not-found', 'there is nothing here', `what there is: ${openApiPath}`);
	});
	if (tokens) route(tokenPath, tokens);
	route('/ui{/*rest}', (exchange, request, response) => {
		if (staysSecure(exchange.client)) response.setHeader('Strict-Transport-Security', `max-age=${secureSeconds}`);
		return dashboard.answer(exchange, request);
	});
	route('/livez', () => text('ok\n'));
	route('/readyz', async () => {
		await assertReady();
		return text('ok\n');
	});
	route('/metrics', async (exchange, request) => {
		await assertMayReadMetrics(exchange, request);
		return {status: 200, headers: {'Content-Type': metrics.contentType}, body: await metrics.text()};
	});
	route('/', ({client}, {headers}) => welcome(client.url, headers.accept));

	const app = new Koa<State>();
	// Whatever fails is answered and logged here, with what is secret taken out; Koa's own way is to print it.
	app.on('error', () => undefined);
	app.use(async (ctx, next) => {
		// Replies are written by sendReply alone, so that no header is guessed and a broken stream cuts the connection.
		ctx.respond = false;
		const {req, res} = ctx;
		req.url = originForm(req.url ?? '/');
		const id = requestIdOf(req);
		const exchange = createExchange(id, clientOf(req, isTrusted, publicUrl), log);
		ctx.state.exchange = exchange;
		recordWhenOver(exchange, req, res, {log, metrics});
		try {
			res.setHeader('X-Request-Id', id);
			res.setHeader('X-Content-Type-Options', 'nosniff');
			// It reads its paths itself, and its requests are those that count: they do not go through the router.
			if (isV2(req.url)) {
				res.setHeader('Docker-Distribution-Api-Version', 'registry/2.0');
				// Whoever pushes a manifest says of what type it is. A page among them must not act for whoever has signed in to the dashboard.
				res.setHeader('Content-Security-Policy', "default-src 'none'; sandbox");
				await send(exchange, req, res, await answerV2(exchange, req, res, options));
			} else await next();
		} catch (error) {
			await answerFailure(exchange, req, res, error, dashboard);
		}
	});
	app.use(router.routes());
	app.use(async () => {
		throw new OciError('UNSUPPORTED', undefined, {status: 404, message: 'there is nothing here; the registry is at /v2/'});
	});
	return app;
};

/** Whether browsers may be told to use nothing but https. All ports of a name are meant by it, so it is never said of this machine. */
const staysSecure = ({url}: Client) => url.protocol === 'https:' && !isLoopbackName(url.hostname);
const secureSeconds = 365 * 86_400;

const send = (exchange: Exchange, request: IncomingMessage, response: ServerResponse, reply: Reply) =>
	sendReply(response, request.method ?? 'GET', reply, bytes => {
		exchange.bytesOut += bytes;
	});

const answerFailure = async (
	exchange: Exchange,
	request: IncomingMessage,
	response: ServerResponse,
	error: unknown,
	dashboard: Dashboard,
): Promise<void> => {
	if (isDeparture(error, request)) return void response.destroy();
	const failure = await failureFor(request, error, exchange.id, dashboard);
	exchange.errorCode = failure.code;
	if (failure.level) exchange.log[failure.level]({error: failure.error}, 'request failed');
	if (response.headersSent) response.destroy();
	else await send(exchange, request, response, failure.reply);
};

/** In the shape that whoever asks such a path expects. */
const failureFor = (request: IncomingMessage, error: unknown, id: string, dashboard: Dashboard): Failure | Promise<Failure> => {
	const {url = '/'} = request;
	if (isBelow('ui', url)) return dashboard.failureOf(error, id, request);
	if (isBelow('token', url)) return tokenFailureOf(error, id);
	return (isBelow('api', url) || isBelow('metrics', url) ? apiFailureOf : failureOf)(error, id);
};

const isV2 = (url: string): boolean => url.startsWith('/v2') && (url.length === 3 || url[3] === '/' || url[3] === '?');

/** As the routes have it: in any case, with or without something behind. */
const isBelow = (folder: string, url: string): boolean => new RegExp(`^/${folder}(?:[/?]|$)`, 'i').test(url);

/** RFC 9112 3.2.2: a server takes the absolute form too. What stands before the path may carry a password, and says nothing that Host does not. */
const originForm = (target: string): string => {
	if (target.startsWith('/')) return target;
	const rest = /^[a-z][a-z0-9+.-]*:\/\/[^/?#]*(.*)$/is.exec(target)?.[1] ?? '';
	return rest.startsWith('/') ? rest : `/${rest}`;
};

const text = (body: string): Reply => ({status: 200, headers: {'Content-Type': 'text/plain; charset=utf-8'}, body});
