/** What an S3 store needs to know. */
import type {AwsCredentialIdentity, AwsCredentialIdentityProvider} from '@smithy/types';
import type {LenderObserver} from '../../lib/lender.ts';
import type {SlowStream} from './parts.ts';

export type S3Settings = {
	bucket: string;
	/** Everything lies below it; slashes at its ends do not matter. */
	prefix?: string;
	/** Absent: AWS's own settings, else `us-east-1`. */
	region?: string;
	/** Absent: AWS. */
	endpoint?: URL;
	forcePathStyle?: boolean;
	/** The endpoint in presigned URLs, where builders reach S3 by another name. */
	publicEndpoint?: URL;
	/** Absent: AWS's chain of environment, profiles, web identity, container and instance roles. */
	credentials?: AwsCredentialIdentity | AwsCredentialIdentityProvider;
	/** What signs the URLs for downloads and for uploads; absent: the credentials above. */
	downloadCredentials?: AwsCredentialIdentityProvider;
	uploadCredentials?: AwsCredentialIdentityProvider;
	/** How long the URLs are to live that clients will be given; absent: nobody knows yet. */
	urlLifeSeconds?: number;
	/** Called for every request that went to S3, each attempt for itself. */
	onRequest?: (request: S3Request) => void;
	/** Hears who waits for the memory that uploads share. */
	memoryObserver?: LenderObserver;
	tuning?: Partial<S3Tuning>;
};

/** The host in the URLs that clients get, as a sentence names it. */
export const publicHost = ({endpoint, publicEndpoint}: S3Settings): string =>
	publicEndpoint ? `${publicEndpoint.host} (LAYERCACHE_S3_PUBLIC_ENDPOINT)` : (endpoint?.host ?? 'AWS');

export type S3Request = {operation: string; status: number | undefined; seconds: number};

export type S3Tuning = {
	/** A body up to this size goes in one request. */
	singleBytes: number;
	/** The size of a part of a longer one; it grows with the length, since there are at most 10,000. At least 5 MiB on AWS. */
	partBytes: number;
	/** Parts of one upload that are sent at once. */
	partsAtOnce: number;
	/** Memory for parts, shared by all uploads. */
	bufferBytes: number;
	/** Bodies up to this size have memory of their own. */
	documentBytes: number;
	/** An upload that comes slower than this is not kept in memory any more when others wait for that: it goes on without, and cannot be repeated. */
	slow: SlowStream;
	/** One that is gathered before it is sent, and comes slower than this, is given up when others wait for its memory. */
	stalled: SlowStream;
	/** S3 itself joins stored parts of at least this size. */
	joinableBytes: number;
	/** An object up to this size is copied in one request; a longer one in pieces of half of it. */
	copyBytes: number;
	sockets: number;
	connectSeconds: number;
	/** S3 begins its answer to a GET, HEAD or DELETE within this time. */
	answerSeconds: number;
	/** S3 may be silent for this long while we wait for it. */
	idleSeconds: number;
	/** So long it may be silent while we try out what clients will get: a start waits for that. */
	probeSeconds: number;
	/** A request that S3 refuses for a passing reason is repeated for this long. */
	patienceSeconds: number;
	/** Waits between repetitions are around this long at first, then double. */
	firstWaitSeconds: number;
};

const MiB = 1024 * 1024;

export const defaultTuning: S3Tuning = {
	singleBytes: 16 * MiB,
	partBytes: 16 * MiB,
	partsAtOnce: 4,
	bufferBytes: 32 * MiB,
	documentBytes: MiB,
	slow: {seconds: 0.25, leastPerSecond: MiB},
	stalled: {seconds: 10, leastPerSecond: 16 * 1024},
	joinableBytes: 5 * MiB,
	copyBytes: 1024 * MiB,
	sockets: 512,
	connectSeconds: 5,
	answerSeconds: 15,
	idleSeconds: 60,
	probeSeconds: 5,
	patienceSeconds: 15,
	firstWaitSeconds: 0.05,
};
