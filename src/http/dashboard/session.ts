/** The session of somebody who has signed in with the administrator's token: a cookie that proves it, and holds no token. */
import {createHmac, timingSafeEqual} from 'node:crypto';

export type Sessions = {
	/** The Set-Cookie of a new session. */
	begin(isSecure: boolean): string;
	/** The Set-Cookie that ends one in this browser. */
	end(isSecure: boolean): string;
	/** Whether a Cookie header has one that has not ended. */
	isOpen(cookies: string | undefined): boolean;
};

/**
 * Any replica with the same token knows a session; a new token ends them all. `clock`: milliseconds since 1970.
 * What is signed is the end, by a key that only who has the token can derive.
 */
export const createSessions = (token: string, clock: () => number): Sessions => {
	const key = createHmac('sha256', token).update('layercache dashboard session').digest();
	const sign = (endsAt: string) => createHmac('sha256', key).update(endsAt).digest();

	return {
		begin(isSecure) {
			const endsAt = String(clock() + lifeMs);
			return formatCookie(`${endsAt}.${sign(endsAt).toString('base64url')}`, lifeMs / 1000, isSecure);
		},
		end: isSecure => formatCookie('', 0, isSecure),
		isOpen(cookies = '') {
			const [, endsAt = '', signature = ''] = pattern.exec(cookies) ?? [];
			const given = Buffer.from(signature, 'base64url');
			const expected = sign(endsAt);
			return given.length === expected.length && timingSafeEqual(given, expected) && Number(endsAt) > clock();
		},
	};
};

const lifeMs = 12 * 3_600_000;
const name = 'layercache-session';
const pattern = new RegExp(`(?:^|; *)${name}=(\\d{1,16})\\.([\\w-]{43})(?:;|$)`);

// Strict: no page of another site makes the browser send it. Only the dashboard's own paths get it.
const formatCookie = (value: string, seconds: number, isSecure: boolean) =>
	`${name}=${value}; Path=/ui; Max-Age=${seconds}; HttpOnly; SameSite=Strict${isSecure ? '; Secure' : ''}`;
