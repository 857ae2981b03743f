/** Whose signature stands in the URLs that clients get: our own, or a profile's of AWS's files, which may do less. */
import {S3Client} from '@aws-sdk/client-s3';
import {fromIni} from '@aws-sdk/credential-provider-ini';
import type {AwsCredentialIdentity, AwsCredentialIdentityProvider} from '@smithy/types';
import {createElapsed} from '../../lib/elapsed.ts';
import type {S3} from './client.ts';

/** Undefined when there are no credentials now. */
export const presentCredentials =
	(s3: S3, own: AwsCredentialIdentityProvider | undefined) => async (): Promise<AwsCredentialIdentity | undefined> => {
		try {
			return await (own ?? s3.credentials)();
		} catch {
			// What a helper of AWS's prints may hold secrets, so it goes nowhere; the probe says which profile to look at.
			return undefined;
		}
	};

/**
 * From this profile and from nowhere else: AWS's own chain would go on to the machine's role, which may do more.
 * Read anew every few minutes, since S3's answers to clients never tell us that these have ended.
 */
export const profileCredentials = (profile: string, {elapsed = createElapsed()} = {}): AwsCredentialIdentityProvider => {
	// The client is never used; it is what tells a profile's role where to be assumed.
	const read = new S3Client({region: 'us-east-1', credentials: fromIni({profile, ignoreCache: true})}).config.credentials;
	let last: {credentials: Promise<AwsCredentialIdentity>; readAgainAt: number} | undefined;
	return () => {
		if (!last || elapsed() >= last.readAgainAt) {
			const reading = {credentials: read({forceRefresh: true}), readAgainAt: elapsed() + rememberedMs};
			reading.credentials.catch(() => {
				reading.readAgainAt = elapsed() + failureRememberedMs;
			});
			last = reading;
		}
		return last.credentials;
	};
};

const rememberedMs = 180_000;
// Every request may ask, and a helper that fails may be slow.
const failureRememberedMs = 5_000;
