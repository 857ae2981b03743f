/** The public keys of one issuer: fetched when they are first needed, again for a key that is not known, and kept while the issuer is away. */
import {createLocalJWKSet, errors, type JWTVerifyGetKey, type LocalJWKSet} from 'jose';
import {z} from 'zod';
import {type Issuer, isSafeUrl} from '../config/issuers.ts';
import {type DocumentLimits, DocumentUnusable, fetchIssuerDocument, readIssuerDocument} from './issuerDocument.ts';

export type IssuerKeys = {
	/** The key for a token of this header. Throws KeysUnavailable, and what jose throws where none fits. */
	find: JWTVerifyGetKey;
};

export type IssuerKeysOptions = {
	/** Milliseconds since some moment, never going back. */
	elapsed: () => number;
	/** The keys could not be fetched; those from before, if there are any, stay in use. */
	onProblem: (error: DocumentUnusable) => void;
	limits?: DocumentLimits | undefined;
};

export type KeySource = Pick<Issuer, 'issuer' | 'jwks' | 'ca' | 'bearerFile'>;

export const createIssuerKeys = (source: KeySource, {elapsed, onProblem, limits}: IssuerKeysOptions): IssuerKeys => {
	let held: {keys: LocalJWKSet; since: number} | undefined;
	let triedAt = Number.NEGATIVE_INFINITY;
	let trying: Promise<void> | undefined;

	const fetchNow = async (): Promise<void> => {
		triedAt = elapsed();
		try {
			held = {keys: createLocalJWKSet({keys: await fetchKeys(source, limits)}), since: elapsed()};
		} catch (error) {
			onProblem(error instanceof DocumentUnusable ? error : new DocumentUnusable(`${source.issuer} has keys that cannot be used`));
		}
	};
	/** At most one at a time, and one in `retryAfterMs`: whoever makes up key ids makes no requests with them. */
	const refresh = async (): Promise<void> => {
		if (!trying && elapsed() - triedAt < retryAfterMs) return;
		trying ??= fetchNow().finally(() => {
			trying = undefined;
		});
		await trying;
	};

	return {
		async find(header, token) {
			if (!held || elapsed() - held.since > freshForMs) await refresh();
			if (!held) throw new KeysUnavailable();
			try {
				return await held.keys(header, token);
			} catch (error) {
				if (!(error instanceof errors.JWKSNoMatchingKey)) throw error;
				await refresh();
				return held.keys(header, token);
			}
		},
	};
};

/** The issuer cannot be asked now, and was never asked before. */
export class KeysUnavailable extends Error {
	override readonly name = 'KeysUnavailable';
}

const retryAfterMs = 30_000;
// A key that the issuer withdraws is believed for so long.
const freshForMs = 10 * 60_000;

const fetchKeys = async (source: KeySource, limits: DocumentLimits | undefined) => {
	const {issuer, jwks, ca, bearerFile} = source;
	if (jwks !== undefined && !isSafeUrl(jwks)) return parseKeys(jwks, await readIssuerDocument(jwks));
	const url = jwks ?? (await discoverKeys(source, limits));
	// The issuer's own word for where its keys are may lead elsewhere, and our credential does not go along.
	const isMeant = jwks !== undefined || new URL(url).origin === new URL(issuer).origin;
	return parseKeys(url, await fetchIssuerDocument({url, ca, ...(isMeant && {bearerFile})}, limits));
};

/** OpenID Connect Discovery 1.0, sections 4.1 and 4.3. */
const discoverKeys = async ({issuer, ca, bearerFile}: KeySource, limits: DocumentLimits | undefined): Promise<string> => {
	const url = `${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`;
	const read = discoverySchema.safeParse(await fetchIssuerDocument({url, ca, bearerFile}, limits));
	if (!read.success) throw new DocumentUnusable(`${url} does not say what the issuer is and where its keys are`);
	// "The issuer value returned MUST be identical to the Issuer URL that was used as the prefix"
	if (read.data.issuer !== issuer) throw new DocumentUnusable(`${url} is of another issuer`);
	const isLocal = new URL(issuer).protocol === 'http:';
	if (!isSafeUrl(read.data.jwks_uri) || (!isLocal && !read.data.jwks_uri.startsWith('https:')))
		throw new DocumentUnusable(`${url} says that its keys are where anybody on the way could change them`);
	return read.data.jwks_uri;
};

const discoverySchema = z.object({issuer: z.string(), jwks_uri: z.string()});

/** What is no public key for signatures is left out: issuers have keys of kinds that we do not know. */
const parseKeys = (from: string, document: unknown) => {
	const read = keySetSchema.safeParse(document);
	if (!read.success) throw new DocumentUnusable(`${from} has no set of keys`);
	const keys = read.data.keys.flatMap(key => publicKeySchema.safeParse(key).data ?? []);
	if (keys.length > 0) return keys;
	throw new DocumentUnusable(`${from} has no public key for signatures`);
};

const mostKeys = 100;
const keySetSchema = z.object({keys: z.array(z.unknown()).max(mostKeys)});
const text = z.string();
const shared = {kid: text.optional(), use: text.optional(), alg: text.optional(), key_ops: z.array(text).optional()};
/** Each with the fields of its public half, and no others: RFC 7517, section 4, and RFC 7518, section 6. */
const publicKeySchema = z.discriminatedUnion('kty', [
	z.object({kty: z.literal('RSA'), n: text, e: text, ...shared}),
	z.object({kty: z.literal('EC'), crv: text, x: text, y: text, ...shared}),
	z.object({kty: z.literal('OKP'), crv: text, x: text, ...shared}),
]);
