/** The session of somebody who has signed in: a cookie with a token that we signed, and no credential. */
import type {Authenticated, Identity} from '../../auth/identity.ts';
import type {SessionTokens} from '../../auth/sessionTokens.ts';

export type Sessions = {
	/** The Set-Cookie of a new session; undefined where it would be longer than browsers keep. */
	begin(holder: Authenticated, isSecure: boolean): Promise<string | undefined>;
	/** The Set-Cookie that ends one in this browser. */
	end(isSecure: boolean): string;
	/** Whose session a Cookie header has, if it has not ended and what they signed in with still holds. */
	holderOf(cookies: string | undefined): Promise<Identity | undefined>;
};

export const createSessions = ({issueSignIn, verify}: Pick<SessionTokens, 'issueSignIn' | 'verify'>): Sessions => ({
	async begin(holder, isSecure) {
		const {text, expiresInSeconds} = await issueSignIn(holder);
		const cookie = formatCookie(text, expiresInSeconds, isSecure);
		return cookie.length > longestCookie ? undefined : cookie;
	},
	end: isSecure => formatCookie('', 0, isSecure),
	async holderOf(cookies = '') {
		const [, text] = pattern.exec(cookies) ?? [];
		if (!text) return undefined;
		const session = await verify('signIn', text);
		return 'refused' in session ? undefined : session.identity;
	},
});

const name = 'layercache-session';
const pattern = new RegExp(`(?:^|; *)${name}=([\\w.-]+)(?:;|$)`);
// RFC 6265 6.1: "At least 4096 bytes per cookie".
const longestCookie = 4096;

// Strict: no page of another site makes the browser send it. Only the dashboard's own paths get it.
const formatCookie = (value: string, seconds: number, isSecure: boolean) =>
	`${name}=${value}; Path=/ui; Max-Age=${seconds}; HttpOnly; SameSite=Strict${isSecure ? '; Secure' : ''}`;
