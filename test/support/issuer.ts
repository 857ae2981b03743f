/** An OpenID Connect issuer of the test's own: discovery, keys that rotate, tokens as CI gives them, and every way to misbehave. */
import {createHmac, generateKeyPairSync, type KeyObject} from 'node:crypto';
import {createServer, type RequestListener, type ServerResponse} from 'node:http';
import {createServer as createTlsServer} from 'node:https';
import {exportJWK, type JWTPayload, SignJWT} from 'jose';
import {listenOnLoopback} from './loopback.ts';

/** `tls`: PEM, to be asked by https. */
export type IssuerOptions = {alg?: 'RS256' | 'ES256' | 'EdDSA'; tls?: {cert: string; key: string}};

/** What the issuer does instead of answering as it should. */
export type Misbehaviour =
	| 'huge'
	| 'redirect'
	| 'silent'
	| 'slow'
	| 'away'
	| 'error'
	| 'noJson'
	| 'otherIssuer'
	| 'otherKeysUrl'
	| 'noKeys';

export type TokenOptions = {
	audience?: string | string[];
	/** Seconds; the token begins now. */
	expiresIn?: number;
	now?: Date;
	/** Overrides of the header, such as `{kid: '../../etc/passwd'}`. */
	header?: Record<string, unknown>;
	/** Instead of the newest of the issuer. */
	key?: KeyObject;
};

export type TestIssuer = Awaited<ReturnType<typeof startIssuer>>;

export const startIssuer = async (scope: {teardown(act: () => Promise<void>): void}, {alg = 'RS256', tls}: IssuerOptions = {}) => {
	let keys = [makeKey(alg, 1)];
	let misbehaviour: Misbehaviour | undefined;
	let keysUrl: string | undefined;
	const requests: {path: string; authorization: string | undefined}[] = [];

	const listener: RequestListener = async (request, response) => {
		const path = request.url ?? '';
		requests.push({path, authorization: request.headers.authorization});
		const set = await keySet();
		if (misbehaviour && misbehave(misbehaviour, path, response, url)) return;
		if (path === discoveryPath) return answer(response, 200, {issuer: url, jwks_uri: keysUrl ?? `${url}${keysPath}`});
		if (path === keysPath || path === `/elsewhere${keysPath}`) return answer(response, 200, set);
		if (path === `/elsewhere${discoveryPath}`) return answer(response, 200, {issuer: url, jwks_uri: `${url}/elsewhere${keysPath}`});
		answer(response, 404, {});
	};
	const heard = await listenOnLoopback(scope, tls ? createTlsServer(tls, listener) : createServer(listener));
	const url = tls ? heard.replace('http:', 'https:') : heard;

	const keySet = async () => ({keys: await Promise.all(keys.map(({kid, pair}) => publicJwk(kid, alg, pair.publicKey)))});
	const newest = () => keys[0] as TestKey;
	const sign = (claims: JWTPayload, options: TokenOptions = {}): Promise<string> => {
		const {audience = 'layercache', expiresIn = 300, now = new Date(), header, key} = options;
		const seconds = Math.floor(now.getTime() / 1000);
		return new SignJWT({iss: url, aud: audience, iat: seconds, nbf: seconds, exp: seconds + expiresIn, ...claims})
			.setProtectedHeader({alg, typ: 'JWT', kid: newest().kid, ...header})
			.sign(key ?? newest().pair.privateKey);
	};

	return {
		url,
		/** What was asked of it, in turn. */
		requests,
		sign,
		/** A new key signs from now on; the old ones stay published, or go. */
		rotate({keepsOld = true}: {keepsOld?: boolean} = {}) {
			keys = [makeKey(alg, Number(newest().kid.slice(4)) + 1), ...(keepsOld ? keys : [])];
		},
		misbehave(how: Misbehaviour | undefined) {
			misbehaviour = how;
		},
		/** Where its discovery says that the keys are. */
		pointKeysAt(elsewhere: string | undefined) {
			keysUrl = elsewhere;
		},
		/** As a file of keys has them. */
		keySet,
		/** Claims that nobody has signed, with `alg: none` in one of its spellings. */
		unsigned: async (claims: JWTPayload, spelling = 'none') => {
			const [, payload] = (await sign(claims)).split('.');
			return `${encode({alg: spelling, typ: 'JWT', kid: newest().kid})}.${payload}.`;
		},
		/** Signed with HS256, with the public key, which everybody knows, as the secret. */
		signedByPublicKey: async (claims: JWTPayload) => {
			const [, payload] = (await sign(claims)).split('.');
			const head = `${encode({alg: 'HS256', typ: 'JWT', kid: newest().kid})}.${payload}`;
			const secret = newest().pair.publicKey.export({type: 'spki', format: 'pem'});
			return `${head}.${createHmac('sha256', secret).update(head).digest('base64url')}`;
		},
		/** Signed with a key of somebody else, who puts it into the header or says where it can be fetched. */
		signedByStranger: (claims: JWTPayload, header: Record<string, unknown> = {}) =>
			sign(claims, {key: makeKey(alg, 99).pair.privateKey, header}),
	};
};

const discoveryPath = '/.well-known/openid-configuration';
const keysPath = '/keys';

type TestKey = {kid: string; pair: {publicKey: KeyObject; privateKey: KeyObject}};

const makeKey = (alg: NonNullable<IssuerOptions['alg']>, number: number): TestKey => ({
	kid: `key-${number}`,
	pair: {
		RS256: () => generateKeyPairSync('rsa', {modulusLength: 2048}),
		ES256: () => generateKeyPairSync('ec', {namedCurve: 'P-256'}),
		EdDSA: () => generateKeyPairSync('ed25519'),
	}[alg](),
});

const publicJwk = async (kid: string, alg: string, key: KeyObject) => ({...(await exportJWK(key)), kid, alg, use: 'sig'});

const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');

const answer = (response: ServerResponse, status: number, value: object): void => {
	response.writeHead(status, {'Content-Type': 'application/json'}).end(JSON.stringify(value));
};

/** False: this request is answered as it should be. */
const misbehave = (how: Misbehaviour, path: string, response: ServerResponse, url: string): boolean => {
	if (discoveryOnly.has(how) && path !== discoveryPath) return false;
	if (how === 'noKeys' && path !== keysPath) return false;
	const acts: Record<Misbehaviour, () => void> = {
		huge: () => writeForever(response),
		redirect: () => response.writeHead(302, {Location: `${url}/elsewhere${path}`}).end(),
		silent: () => undefined,
		slow: () => response.writeHead(200, {'Content-Type': 'application/json'}).write('{"issuer":'),
		away: () => response.destroy(),
		error: () => answer(response, 500, {}),
		noJson: () => response.writeHead(200).end('<html>'),
		otherIssuer: () => answer(response, 200, {issuer: `${url}/other`, jwks_uri: `${url}${keysPath}`}),
		otherKeysUrl: () => answer(response, 200, {issuer: url, jwks_uri: 'file:///etc/passwd'}),
		noKeys: () => answer(response, 200, {keys: [{kty: 'oct', k: 'c2VjcmV0', kid: 'key-1'}]}),
	};
	acts[how]();
	return true;
};

const discoveryOnly: ReadonlySet<Misbehaviour> = new Set(['otherIssuer', 'otherKeysUrl']);

/** Until the other side has had enough. */
const writeForever = (response: ServerResponse): void => {
	const more = () => {
		while (!response.destroyed && response.write(Buffer.alloc(64 * 1024, ' '))) {
			// As long as it is taken.
		}
	};
	response.writeHead(200, {'Content-Type': 'application/json'}).on('drain', more);
	more();
};
