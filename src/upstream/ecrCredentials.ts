/** Who we are to an ECR: tokens of 12 hours, asked of AWS well ahead of their end, and once for all who need one. */
import type {EcrApi} from './ecrApi.ts';
import type {Credentials} from './upstream.ts';

/** `clock` in milliseconds since 1970. */
export const createEcrCredentials = (api: Pick<EcrApi, 'getToken'>, clock: () => number): Credentials => {
	let known: Token | undefined;
	let asking: Promise<Token> | undefined;
	let triedAt = Number.NEGATIVE_INFINITY;

	const ask = (): Promise<Token> => {
		triedAt = clock();
		asking ??= fetchToken(api, clock)
			.then(token => {
				known = token;
				return token;
			})
			.finally(() => {
				asking = undefined;
			});
		return asking;
	};

	return {
		async get() {
			const now = clock();
			if (!known || now >= known.endsAt - spareMs) return (await ask()).pair;
			// While it is still good nobody waits for its successor, nor hears that AWS is away.
			if (now >= known.renewAt && now >= triedAt + retryMs) ask().catch(() => undefined);
			return known.pair;
		},
		renew() {
			// One that was just given is refused for another reason, and the next would be too.
			if (known && clock() >= known.givenAt + youngMs) known = undefined;
		},
	};
};

/** In milliseconds since 1970. */
type Token = {pair: {username: string; password: string}; givenAt: number; renewAt: number; endsAt: number};

const fetchToken = async (api: Pick<EcrApi, 'getToken'>, clock: () => number): Promise<Token> => {
	const {token, expiresAt} = await api.getToken();
	const [givenAt, endsAt] = [clock(), expiresAt.getTime()];
	// Basic's own form (RFC 7617): what follows the first colon is the password.
	const text = Buffer.from(token, 'base64').toString();
	const colon = text.indexOf(':');
	return {
		pair: {username: text.slice(0, colon), password: text.slice(colon + 1)},
		...{givenAt, endsAt},
		renewAt: givenAt + (endsAt - givenAt) / 2,
	};
};

const spareMs = 5 * 60_000;
const retryMs = 60_000;
const youngMs = 30_000;
