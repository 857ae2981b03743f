/** Credentials that S3 calls ended, before their announced end or without one, are asked for anew: a file or a program may have others by now. */
import type {AwsCredentialIdentity} from '@smithy/types';

/** What the SDK's chain of providers understands. */
export type RenewableCredentials = (options?: {forceRefresh?: boolean}) => Promise<AwsCredentialIdentity>;

/** Does `work`, and once again when it was refused for credentials that have ended and there are others now. */
export const withRenewal = async <T>(credentials: RenewableCredentials, work: () => Promise<T>): Promise<T> => {
	const used = await credentials().catch(() => undefined);
	try {
		return await work();
	} catch (error) {
		if (!used || !saysEnded(error)) throw error;
		const isOther = (present: AwsCredentialIdentity) => !isSameIdentity(present, used);
		// Another request may have renewed them in the meantime.
		const renewed = isOther(await credentials()) || isOther(await credentials({forceRefresh: true}).catch(() => used));
		if (!renewed) throw error;
		return work();
	}
};

export const isSameIdentity = (one: AwsCredentialIdentity, other: AwsCredentialIdentity): boolean =>
	one.accessKeyId === other.accessKeyId && one.sessionToken === other.sessionToken;

const saysEnded = (error: unknown) => {
	const {name, $metadata} = error as {name?: string; $metadata?: {httpStatusCode?: number}};
	// A HEAD that is refused has no word for it.
	return endings.includes(name) || (nameless.includes(name) && $metadata?.httpStatusCode === 400);
};

const endings: readonly (string | undefined)[] = ['ExpiredToken', 'ExpiredTokenException', 'InvalidToken', 'TokenRefreshRequired'];
const nameless: readonly (string | undefined)[] = ['Unknown', '400', 'BadRequest'];
