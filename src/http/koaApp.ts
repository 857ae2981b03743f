/** The order in which a request passes through the server. */
import Router from '@koa/router';
import Koa from 'koa';
import {OciError} from 'oci-spec-types';
import type {Log} from '../telemetry/log.ts';
import type {Metrics} from '../telemetry/metrics.ts';
import {clientOf, type IsTrusted} from './client.ts';
import {failureOf, isDeparture} from './errors.ts';
import {type Exchange, recordWhenOver, requestIdOf} from './exchange.ts';
import {type Reply, sendReply} from './reply.ts';
import {answerV2, type RegistryFor} from './v2.ts';
import {welcome} from './welcome.ts';

export type KoaAppOptions = {
	registryFor: RegistryFor;
	/** Throws when the server should get no requests: it drains, or its store is away. */
	assertReady: () => Promise<void>;
	isTrusted: IsTrusted;
	/** How clients reach us, where the request does not show it. */
	publicUrl?: URL;
	log: Log;
	metrics: Metrics;
};

type State = {exchange: Exchange};

export const createKoaApp = (options: KoaAppOptions): Koa<State> => {
	const {registryFor, assertReady, isTrusted, publicUrl, log, metrics} = options;
	const router = new Router<State>();
	const reply = (answer: (ctx: Koa.ParameterizedContext<State>) => Promise<Reply>) => async (ctx: Koa.ParameterizedContext<State>) =>
		sendReply(ctx.res, ctx.method, await answer(ctx));

	router.all(
		'/v2{/*rest}',
		reply(({state, req}) => answerV2(state.exchange, req, registryFor)),
	);
	router.get(
		'/livez',
		reply(async () => text('ok\n')),
	);
	router.get(
		'/readyz',
		reply(async () => {
			await assertReady();
			return text('ok\n');
		}),
	);
	router.get(
		'/metrics',
		reply(async () => ({status: 200, headers: {'Content-Type': metrics.contentType}, body: await metrics.text()})),
	);
	router.get(
		'/',
		reply(async ({state, req}) => welcome(publicUrl ?? state.exchange.client.url, req.headers.accept)),
	);

	const app = new Koa<State>();
	app.use(async (ctx, next) => {
		// Replies are written by sendReply alone, so that no header is guessed and a broken stream cuts the connection.
		ctx.respond = false;
		const id = requestIdOf(ctx.req);
		const exchange: Exchange = {id, client: clientOf(ctx.req, isTrusted), log: log.child({requestId: id})};
		ctx.state.exchange = exchange;
		ctx.res.setHeader('X-Request-Id', id);
		if (ctx.path.startsWith('/v2')) ctx.res.setHeader('Docker-Distribution-Api-Version', 'registry/2.0');
		recordWhenOver(exchange, ctx.req, ctx.res, metrics);
		try {
			await next();
		} catch (error) {
			if (isDeparture(error, ctx.req)) return void ctx.res.destroy();
			const failure = failureOf(error, id);
			exchange.errorCode = failure.code;
			if (failure.level) exchange.log[failure.level]({error: failure.error}, 'request failed');
			if (ctx.res.headersSent) ctx.res.destroy();
			else await sendReply(ctx.res, ctx.method, failure.reply);
		}
	});
	app.use(router.routes());
	app.use(async () => {
		throw new OciError('UNSUPPORTED', undefined, {status: 404, message: 'there is nothing here; the registry is at /v2/'});
	});
	return app;
};

const text = (body: string): Reply => ({status: 200, headers: {'Content-Type': 'text/plain; charset=utf-8'}, body});
