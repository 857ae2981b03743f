/** What this S3 can do, tried out at start: what the registry relies on, or StoreUnfit; what it would like, or a warning. */
import {randomUUID} from 'node:crypto';
import {type ObjectStore, type StoreAbilities, StoreUnfit} from '../objectStore.ts';
import {proveConditions, proveExpiringRemoval} from '../probe.ts';
import {bucketWarnings} from './bucketWarnings.ts';
import type {S3} from './client.ts';
import {publicHost} from './settings.ts';
import {cutSignedPut, type SignedAnswer, signedRequest} from './signedRequest.ts';
import type {SignedUrls} from './signedUrls.ts';
import {checksTrailers} from './trailers.ts';

export const probeS3 = async (s3: S3, urls: SignedUrls, store: ObjectStore): Promise<StoreAbilities> => {
	const folder = `_probe/${randomUUID()}`;
	const keys = {
		download: `${folder}/download`,
		conditions: `${folder}/conditions`,
		cut: `${folder}/cut`,
		expiring: `${folder}/expiring`,
		trailers: `${folder}/trailers`,
	};
	// Alone and first: its failure says in plain words what is wrong with settings or permissions.
	await store.write(keys.download, Buffer.from(downloaded), {contentType: 'text/html'});
	try {
		const proofs = [
			bucketWarnings(s3),
			canDownload(s3, urls, keys.download),
			proveConditions(store, keys.conditions),
			proveExpiringRemoval(store, keys.expiring),
			urls.forOwnUpload(keys.cut, 60).then(url => cutSignedPut(s3, url)),
			checksTrailers(s3, keys.trailers),
		] as const;
		// All of them, before anything is tidied up: what is still under way would write it again.
		await Promise.allSettled(proofs);
		const [warnings, presignedGet, , , , trailers] = await Promise.all(proofs);
		s3.checksTrailers = trailers;
		if (await store.stat(keys.cut))
			throw new StoreUnfit('the S3 server keeps what arrived of a PUT that broke off: partial layers would be served');
		return {presignedGet: presignedGet === true, warnings: presignedGet === true ? warnings : [...warnings, presignedGet]};
	} finally {
		await store.remove(Object.values(keys)).catch(() => undefined);
	}
};

const downloaded = 'a download without our credentials';

/** True, or a warning. */
const canDownload = async (s3: S3, urls: SignedUrls, key: string): Promise<true | string> => {
	const refusal = (reason: string) =>
		`presigned downloads do not work at ${publicHost(s3.settings)}, ${reason}: layers go through layercache instead of straight from S3`;
	const url = await urls.forDownload(key, 60);
	if (!url)
		return refusal(
			s3.settings.downloadCredentials
				? 'since the profile LAYERCACHE_S3_DOWNLOAD_PROFILE gives no credentials, or they expire too soon'
				: 'since the credentials expire too soon',
		);
	try {
		return explainAnswer(await signedRequest(s3, 'GET', url.href, {silenceSeconds: s3.tuning.probeSeconds}), refusal);
	} catch (error) {
		return refusal(`which cannot be reached from here (${error instanceof Error ? error.message : error})`);
	}
};

const explainAnswer = ({status, headers, body}: SignedAnswer, refusal: (reason: string) => string) => {
	if (status !== 200) return refusal(`which answers ${status}`);
	if (body !== downloaded) return refusal('which answers other bytes');
	if (headers['content-type'] !== 'application/octet-stream') return refusal('which does not heed response-content-type');
	return true;
};
