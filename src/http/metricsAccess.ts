/** Who may read `/metrics`, which tell the names of repositories and how much is done with them. */
import type {IncomingMessage} from 'node:http';
import {hasSecretHash, secretHashOf} from '../auth/secretHash.ts';
import {type AdminAccess, isHere} from './adminAccess.ts';
import {parseAuthorization} from './authentication.ts';
import type {Exchange} from './exchange.ts';

/** Throws ApiRefusal. */
export type AssertMayReadMetrics = (exchange: Exchange, request: IncomingMessage) => Promise<void>;

export type MetricsAccessOptions = {
	/** LAYERCACHE_METRICS_TOKEN. */
	token: string | undefined;
	/** LAYERCACHE_AUTH=none: whoever reaches the server may, unless there is a token. */
	isOpen: boolean;
	access: AdminAccess;
};

export const createMetricsAccess =
	({token, isOpen, access}: MetricsAccessOptions): AssertMayReadMetrics =>
	async (exchange, request) => {
		if ((isOpen && token === undefined) || isHere(request, exchange.client)) return;
		if (token !== undefined && isToken(request.headers.authorization, token)) return;
		await access.assertMayAsk(exchange, request, 'metrics');
	};

/** By Bearer, or as a password: scrapers do the one or the other. */
const isToken = (authorization: string | undefined, token: string): boolean => {
	const credential = parseAuthorization(authorization ?? '');
	if (!credential) return false;
	return hasSecretHash('bearer' in credential ? credential.bearer : credential.password, secretHashOf(token));
};
