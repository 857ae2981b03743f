/** Whose signature stands in the URLs that clients get: our own, or a profile's of AWS's files, which may do less. */
import {S3Client} from '@aws-sdk/client-s3';
import {fromIni} from '@aws-sdk/credential-provider-ini';
import type {AwsCredentialIdentityProvider} from '@smithy/types';
import type {S3} from './client.ts';

export type UrlSigner = {
	credentials: AwsCredentialIdentityProvider;
	/** Milliseconds since 1970; undefined when there are no credentials now. */
	endsAt(): Promise<number | undefined>;
};

export const createUrlSigner = (s3: S3, own: AwsCredentialIdentityProvider | undefined): UrlSigner => {
	const credentials = own ?? (() => s3.credentials());
	return {
		credentials,
		async endsAt() {
			try {
				return (await credentials()).expiration?.getTime() ?? Number.POSITIVE_INFINITY;
			} catch {
				// What a helper of AWS's prints may hold secrets, so it goes nowhere; the probe says which profile to look at.
				return undefined;
			}
		},
	};
};

/** From this profile and from nowhere else: AWS's own chain would go on to the machine's role, which may do more. Remembered until it is about to end. */
export const profileCredentials = (profile: string): AwsCredentialIdentityProvider =>
	// The client is never used; it is what remembers and renews.
	new S3Client({region: 'us-east-1', credentials: fromIni({profile})}).config.credentials;
