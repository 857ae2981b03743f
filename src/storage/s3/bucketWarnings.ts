/** Settings of the bucket that work against a cache, as sentences with what to do. Looking is optional: the right to is not needed. */
import {
	GetBucketEncryptionCommand,
	GetBucketLifecycleConfigurationCommand,
	GetBucketVersioningCommand,
	GetObjectLockConfigurationCommand,
	type LifecycleRule,
} from '@aws-sdk/client-s3';
import type {S3} from './client.ts';
import {S3Failure} from './s3Failure.ts';

export const bucketWarnings = async (s3: S3): Promise<string[]> => {
	const bucket = {Bucket: s3.bucket};
	const found = await Promise.all([
		unlessRefused(s3.send(new GetBucketVersioningCommand(bucket)), ({Status}) => versioningWarnings(Status)),
		unlessRefused(s3.send(new GetBucketLifecycleConfigurationCommand(bucket)), ({Rules}) => lifecycleWarnings(Rules ?? [], s3.fullKey(''))),
		unlessRefused(s3.send(new GetObjectLockConfigurationCommand(bucket)), ({ObjectLockConfiguration: lock}) =>
			lockWarnings(lock?.Rule?.DefaultRetention !== undefined),
		),
		unlessRefused(s3.send(new GetBucketEncryptionCommand(bucket)), ({ServerSideEncryptionConfiguration: encryption}) =>
			encryptionWarnings((encryption?.Rules ?? []).map(rule => rule.ApplyServerSideEncryptionByDefault?.SSEAlgorithm)),
		),
	]);
	return found.flat();
};

const unlessRefused = async <T>(asked: Promise<T>, warningsOf: (answer: T) => string[]) => {
	try {
		return warningsOf(await asked);
	} catch (error) {
		if (error instanceof S3Failure) return [];
		throw error;
	}
};

const versioningWarnings = (status: string | undefined) =>
	status === 'Enabled'
		? [
				'the bucket keeps old versions, so what layercache deletes still costs: add a lifecycle rule NoncurrentVersionExpiration, or suspend versioning',
			]
		: [];

const lockWarnings = (isLocked: boolean) =>
	isLocked
		? [
				'the bucket has a default Object Lock retention, so nothing that layercache deletes is freed before it ends: use a bucket without it',
			]
		: [];

const encryptionWarnings = (algorithms: readonly (string | undefined)[]) =>
	algorithms.some(algorithm => algorithm?.startsWith('aws:kms'))
		? [
				'the bucket encrypts with KMS: the credentials need kms:GenerateDataKey and kms:Decrypt, and KMS limits and bills requests (a bucket key lessens both)',
			]
		: [];

/** `prefix` is ours. Rules for other prefixes, and for tags, which our objects do not have, are not our concern. */
export const lifecycleWarnings = (rules: readonly LifecycleRule[], prefix: string): string[] =>
	rules.filter(rule => rule.Status === 'Enabled' && concerns(rule, prefix)).flatMap(warningsOfRule);

const concerns = ({Filter, Prefix}: LifecycleRule, prefix: string) => {
	if (Filter?.Tag || Filter?.And?.Tags?.length) return false;
	const theirs = Filter?.Prefix ?? Filter?.And?.Prefix ?? Prefix ?? '';
	if (theirs.startsWith(prefix) && (theirs.includes(copiesMarker) || theirs.startsWith(prefix + auditFolder))) return false;
	return theirs.startsWith(prefix) || prefix.startsWith(theirs);
};

// Copies for BuildKit's type=s3: whoever writes them renews those that are in use.
const copiesMarker = '/_s3/blobs/';

// How long who did what is kept is the operator's choice.
const auditFolder = 'audit/';

const warningsOfRule = ({ID = '', Expiration, Transitions = [], AbortIncompleteMultipartUpload: abort}: LifecycleRule) => [
	...(Expiration?.Days !== undefined || Expiration?.Date !== undefined
		? [`the bucket's lifecycle rule "${ID}" expires objects by age, also layers that are in use: take layercache's prefix out of it`]
		: []),
	...(Transitions.some(({StorageClass}) => StorageClass === 'GLACIER' || StorageClass === 'DEEP_ARCHIVE')
		? [`the bucket's lifecycle rule "${ID}" archives objects, which then cannot be read: take layercache's prefix out of it`]
		: []),
	...((abort?.DaysAfterInitiation ?? longestUploadDays) < longestUploadDays
		? [`the bucket's lifecycle rule "${ID}" aborts uploads after ${abort?.DaysAfterInitiation} day(s): give them ${longestUploadDays}`]
		: []),
];

const longestUploadDays = 3;
