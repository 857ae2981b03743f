/** The whole application with LAYERCACHE_AUTH=required: a user, a static token and an issuer, and what each kind of client sends. */
import {randomBytes} from 'node:crypto';
import {writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import {hash} from '@node-rs/bcrypt';
import type {ExecutionContext} from 'ava';
import {createStaticTokens} from '../../src/auth/staticTokens.ts';
import {type StartOptions, startApp} from './app.ts';
import {startIssuer} from './issuer.ts';
import {temporaryFolder} from './temporaryFolder.ts';

export const alice = {name: 'alice', password: 'correct horse'};

export const basic = (name: string, password: string) => `Basic ${Buffer.from(`${name}:${password}`).toString('base64')}`;
export const asAlice = {Authorization: basic(alice.name, alice.password)};

export type SecuredOptions = Omit<StartOptions, 'policy'> & {
	/** Sections of the policy beside `issuers`, which has the issuer as `ci`. */
	policy?: string;
};

/** Alice may all; jobs of `ci` what the policy says. */
export const startSecuredApp = async (t: ExecutionContext, {policy = '', environment = {}, ...options}: SecuredOptions = {}) => {
	const folder = await temporaryFolder(t);
	const htpasswd = join(folder, 'htpasswd');
	// The least cost: a test tries many.
	await writeFile(htpasswd, `${alice.name}:${await hash(alice.password, 4)}\n`);
	const issuer = await startIssuer(t, {alg: 'EdDSA'});
	const app = await startApp(t, {
		...options,
		policy: `issuers:\n  ci: {issuer: "${issuer.url}", audience: layercache}\n${policy}`,
		environment: {LAYERCACHE_AUTH: 'required', LAYERCACHE_AUTH_HTPASSWD: htpasswd, ...environment},
	});
	const tokens = createStaticTokens(app.store, {bytes: randomBytes});
	return {...app, ...{folder, htpasswd, issuer, tokens}};
};

/** The parts of a challenge: `scheme` and its parameters. */
export const challengeOf = ({headers}: {headers: Headers}): Record<string, string> => {
	const text = headers.get('www-authenticate') ?? '';
	const [scheme = ''] = text.split(' ', 1);
	return {scheme, ...Object.fromEntries([...text.matchAll(/(\w+)="([^"]*)"/g)].map(([, name = '', value = '']) => [name, value]))};
};

// biome-ignore lint/suspicious/noExplicitAny: what is in an answer is looked at by the test
export type TokenAnswer = {status: number; headers: Headers; body: any};

/** By GET, as docker does; `scopes` become one parameter each. */
export const getToken = async (
	url: string,
	scopes: readonly string[],
	headers: Record<string, string> = {},
	more = '',
): Promise<TokenAnswer> =>
	tokenAnswer(await fetch(`${url}/token?${new URLSearchParams(scopes.map(scope => ['scope', scope]))}${more}`, {headers}));

/** By POST, as BuildKit does; `scopes` are joined. */
export const postToken = async (url: string, form: Record<string, string>): Promise<TokenAnswer> =>
	tokenAnswer(await fetch(`${url}/token`, {method: 'POST', body: new URLSearchParams(form)}));

const tokenAnswer = async (answer: Response): Promise<TokenAnswer> => ({
	status: answer.status,
	headers: answer.headers,
	body: JSON.parse((await answer.text()) || 'null'),
});

/** What a bearer of this token sends. */
export const bearing = ({body}: TokenAnswer) => ({Authorization: `Bearer ${body.token}`});
