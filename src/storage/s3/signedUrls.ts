/** URLs that carry their own permission: for clients that download or upload, and for removals that expire. */
import {S3RequestPresigner} from '@aws-sdk/s3-request-presigner';
import {SignatureV4} from '@smithy/signature-v4';
import type {AwsCredentialIdentity} from '@smithy/types';
import {LRUCache} from 'lru-cache';
import type {S3} from './client.ts';
import {escapeUri, pathIn} from './escaping.ts';
import {isSameIdentity} from './renewal.ts';
import {presentCredentials} from './signingCredentials.ts';

export type SignedUrls = {
	/** A GET at the public endpoint, with between half and all of the life that is asked for; undefined when our own credentials end before that. */
	forDownload(key: string, lifeSeconds: number): Promise<URL | undefined>;
	/** A PUT of exactly these bytes at the public endpoint; undefined when the credentials end before its life is over. */
	forUpload(key: string, body: PinnedBody, lifeSeconds: number): Promise<URL | undefined>;
	/** A DELETE that S3 itself refuses from `until` on. */
	forRemoval(key: string, until: Date): Promise<string>;
	/** A PUT of any bytes: for our own use, never to be given away. */
	forOwnUpload(key: string, lifeSeconds: number): Promise<string>;
};

/** `sha256` in hex. */
export type PinnedBody = {sha256: string; size: number};

export const createSignedUrls = (s3: S3): SignedUrls => {
	const {endpoint, publicEndpoint = endpoint, downloadCredentials, uploadCredentials} = s3.settings;
	const downloader = presentCredentials(s3, downloadCredentials);
	const uploader = presentCredentials(s3, uploadCredentials);
	const common = {region: s3.region, sha256: s3.sha256};
	const ownSigner = new S3RequestPresigner({...common, credentials: s3.credentials});
	const downloadSigner = (credentials: AwsCredentialIdentity) => new S3RequestPresigner({...common, credentials});
	// The presigner of the SDK writes UNSIGNED-PAYLOAD over whatever hash it is given.
	const uploadSigner = (credentials: AwsCredentialIdentity) =>
		new SignatureV4({...common, credentials, service: 's3', uriEscapePath: false, applyChecksum: false});
	const cache = new LRUCache<string, SignedUrl>({max: rememberedUrls});

	const sign = async (signer: Signer, {at, method, key, query = {}, headers = {}, from, lifeSeconds}: UrlRequest) => {
		const base = await s3.bucketUrl(at);
		const {protocol, hostname, port, host} = base;
		const path = pathIn(base, s3.fullKey(key));
		const request = {
			method,
			protocol,
			hostname,
			...(port && {port: Number(port)}),
			path,
			query,
			headers: {host, ...headers},
		};
		const signed = await signer.presign(request, {signingDate: from, expiresIn: lifeSeconds});
		const pairs = Object.entries(signed.query ?? {}).map(([name, value]) => `${escapeUri(name)}=${escapeUri(String(value))}`);
		return `${protocol}//${host}${path}?${pairs.join('&')}`;
	};

	return {
		async forDownload(key, lifeSeconds) {
			const signer = await downloader();
			if (!signer) return undefined;
			const now = s3.estimatedNow().getTime();
			const name = `${lifeSeconds} ${key}`;
			const known = cache.get(name);
			// Credentials may have been replaced since, because S3 no longer takes the old ones.
			if (known && isSameIdentity(known.signer, signer) && known.endsAt - now > (lifeSeconds / 2) * 1000) return known.url;
			const endsAt = Math.min(now + lifeSeconds * 1000, endOf(signer));
			if (endsAt - now <= (lifeSeconds / 2) * 1000) return undefined;
			const request = {at: publicEndpoint, method: 'GET', key, query: downloadQuery, from: new Date(now), lifeSeconds};
			const url = new URL(await sign(downloadSigner(signer), request));
			cache.set(name, {url, endsAt, signer});
			return url;
		},

		async forUpload(key, {sha256, size}, lifeSeconds) {
			const signer = await uploader();
			const from = s3.estimatedNow();
			if (!signer || endOf(signer) < from.getTime() + lifeSeconds * 1000) return undefined;
			// Not the content type: a client that leaves it out would be refused, and what is stored of it is never served.
			const headers = {'content-length': String(size), 'X-Amz-Content-Sha256': sha256};
			return new URL(await sign(uploadSigner(signer), {at: publicEndpoint, method: 'PUT', key, headers, from, lifeSeconds}));
		},

		forRemoval(key, until) {
			// Whole seconds: that is all the dates in a signature can say. Never from the future on, which S3 refuses as well.
			const end = Math.floor(until.getTime() / 1000);
			const start = Math.min(end - removalSeconds, Math.floor(s3.estimatedNow().getTime() / 1000));
			return sign(ownSigner, {at: endpoint, method: 'DELETE', key, from: new Date(start * 1000), lifeSeconds: end - start});
		},

		forOwnUpload: (key, lifeSeconds) => sign(ownSigner, {at: endpoint, method: 'PUT', key, from: s3.estimatedNow(), lifeSeconds}),
	};
};

type SignedUrl = {url: URL; endsAt: number; signer: AwsCredentialIdentity};
type Signer = Pick<SignatureV4, 'presign'>;
type UrlRequest = {
	at: URL | undefined;
	method: string;
	key: string;
	query?: Record<string, string>;
	headers?: Record<string, string>;
	from: Date;
	lifeSeconds: number;
};

/** Milliseconds since 1970. */
const endOf = ({expiration}: AwsCredentialIdentity) => expiration?.getTime() ?? Number.POSITIVE_INFINITY;

const rememberedUrls = 20_000;
const removalSeconds = 10;

// What is stored may have been poisoned, and clients decode by these headers.
const downloadQuery = {'response-content-type': 'application/octet-stream', 'response-content-encoding': 'identity'};
