/** URLs that carry their own permission: for clients that download, and for removals that expire. */
import {S3RequestPresigner} from '@aws-sdk/s3-request-presigner';
import {LRUCache} from 'lru-cache';
import type {S3} from './client.ts';
import {unsignedPayload} from './client.ts';
import {escapeUri} from './httpHandler.ts';

export type SignedUrls = {
	/** A GET at the public endpoint, with between half and all of the life that is asked for; undefined when our own credentials end before that. */
	forDownload(key: string, lifeSeconds: number): Promise<URL | undefined>;
	/** A DELETE that S3 itself refuses from `until` on. */
	forRemoval(key: string, until: Date): Promise<string>;
	/** A PUT of any bytes: for our own use, never to be given away. */
	forOwnUpload(key: string, lifeSeconds: number): Promise<string>;
};

export const createSignedUrls = (s3: S3): SignedUrls => {
	const signer = new S3RequestPresigner({region: s3.region, credentials: s3.credentials, sha256: s3.sha256});
	const cache = new LRUCache<string, {url: URL; endsAt: number}>({max: rememberedUrls});
	const {endpoint, publicEndpoint = endpoint} = s3.settings;

	const sign = async (at: URL | undefined, method: string, key: string, query: Record<string, string>, from: Date, lifeSeconds: number) => {
		const base = await s3.bucketUrl(at);
		const {protocol, hostname, port, host} = base;
		const path = `${base.pathname.replace(/\/$/, '')}/${s3.fullKey(key).split('/').map(escapeUri).join('/')}`;
		const request = {
			method,
			protocol,
			hostname,
			...(port && {port: Number(port)}),
			path,
			query,
			headers: {host, 'x-amz-content-sha256': unsignedPayload},
		};
		const signed = await signer.presign(request, {signingDate: from, expiresIn: lifeSeconds});
		const pairs = Object.entries(signed.query ?? {}).map(([name, value]) => `${escapeUri(name)}=${escapeUri(String(value))}`);
		return `${protocol}//${host}${path}?${pairs.join('&')}`;
	};

	return {
		async forDownload(key, lifeSeconds) {
			const now = s3.estimatedNow().getTime();
			const name = `${lifeSeconds} ${key}`;
			const known = cache.get(name);
			if (known && known.endsAt - now > (lifeSeconds / 2) * 1000) return known.url;
			const {expiration} = await s3.credentials();
			const endsAt = Math.min(now + lifeSeconds * 1000, expiration?.getTime() ?? Number.POSITIVE_INFINITY);
			if (endsAt - now <= (lifeSeconds / 2) * 1000) return undefined;
			const url = new URL(await sign(publicEndpoint, 'GET', key, downloadQuery, new Date(now), lifeSeconds));
			cache.set(name, {url, endsAt});
			return url;
		},

		forRemoval(key, until) {
			// Whole seconds: that is all the dates in a signature can say. Never from the future on, which S3 refuses as well.
			const end = Math.floor(until.getTime() / 1000);
			const start = Math.min(end - removalSeconds, Math.floor(s3.estimatedNow().getTime() / 1000));
			return sign(endpoint, 'DELETE', key, {}, new Date(start * 1000), end - start);
		},

		forOwnUpload: (key, lifeSeconds) => sign(endpoint, 'PUT', key, {}, s3.estimatedNow(), lifeSeconds),
	};
};

const rememberedUrls = 20_000;
const removalSeconds = 10;

// What is stored may have been poisoned, and clients decode by these headers.
const downloadQuery = {'response-content-type': 'application/octet-stream', 'response-content-encoding': 'identity'};
