/** What a registry elsewhere is told and asked by, and what it is known to do in its own way. */
import {type ErrorCode, OciError, type OciErrorOptions, type RepositoryName} from 'oci-spec-types';
import type {Registry} from '../registry/registry.ts';

/** A registry elsewhere, spoken to as one of ours. `close` lets go of its connections; what is under way fails. */
export type RemoteRegistry = Registry & {close(): Promise<void>};

export type RemoteOptions = {
	/** Scheme, host and port; its path does not matter. */
	origin: URL;
	/** Without them it is asked as anybody may. */
	credentials?: Credentials;
	quirks?: Quirks;
	/** What it is told who asks. */
	userAgent: string;
	/** Milliseconds since 1970; dates the ids of uploads. */
	clock: () => number;
	/** Milliseconds since some moment, never going back. */
	elapsed: () => number;
	/** Waits so many milliseconds. */
	wait: (ms: number) => Promise<unknown>;
	/** From 0 to 1, spreads what is repeated. */
	random: () => number;
	observer?: UpstreamObserver;
	tuning?: Partial<RemoteTuning>;
};

/** What a challenge is answered with. `get` is asked for each token, and each request where there are none; never logged, and never sent to another host than the registry's or its realm's. */
export type Credentials = {
	get(): Promise<{username: string; password: string} | undefined>;
	/** What `get` answered last was refused: it is worth nothing any more. */
	renew(): void;
};

/** What this registry does otherwise than the distribution-spec says. */
export type Quirks = {
	/** Blobs come in one PUT of a known length, or not at all. */
	monolithicOnly?: boolean;
	/** `false`: a mount is not even tried. */
	mounts?: boolean;
	/** So many manifests are put in a second at the most; further ones wait. */
	putManifestsPerSecond?: number;
	/** Asked when a push finds no such repository. True: it is there now, and the push is tried once more. */
	missingRepository?: (repo: RepositoryName) => Promise<boolean>;
	/** Whether what was refused are credentials that were good before, in other words than a 401: they are asked for anew, and the request repeated. */
	isExpiry?: (refusal: UpstreamRefusal) => boolean;
	/** Better words for a refusal than those of its status; undefined where there are none. */
	explain?: (refusal: UpstreamRefusal) => OciError | undefined;
};

/** An answer that is no success. `operation` is the name in the metrics; `code` and `message` are its first error's, without any secret of ours. */
export type UpstreamRefusal = {
	host: string;
	operation: UpstreamOperation;
	repo?: RepositoryName;
	status: number;
	code?: string;
	message?: string;
};

/**
 * What an upstream did not do, in words for whoever asked and whoever runs this: they name its host, and never a secret. `isPassing`: it may do it
 * another time, though it was asked for as long as our patience lasts. That something is not there is no such failure, but an ordinary OciError.
 */
export class UpstreamFailure extends OciError {
	readonly host: string;
	readonly operation: UpstreamOperation;
	readonly isPassing: boolean;
	/** So long it asked us to wait. */
	readonly retryAfterMs: number | undefined;
	constructor(code: ErrorCode, {host, operation, isPassing = false, retryAfterMs, ...options}: UpstreamFailureOptions) {
		super(code, {upstream: host}, options);
		this.host = host;
		this.operation = operation;
		this.isPassing = isPassing;
		this.retryAfterMs = retryAfterMs;
	}
}

export type UpstreamFailureOptions = Pick<OciErrorOptions, 'status' | 'cause'> & {
	message: string;
	host: string;
	operation: UpstreamOperation;
	isPassing?: boolean;
	retryAfterMs?: number | undefined;
};

/** What is asked of an upstream: a request's name in metrics and errors. */
export type UpstreamOperation =
	| 'token'
	| 'statBlob'
	| 'readBlob'
	| 'startUpload'
	| 'mountBlob'
	| 'putBlob'
	| 'appendUpload'
	| 'uploadSize'
	| 'cancelUpload'
	| 'deleteBlob'
	| 'statManifest'
	| 'getManifest'
	| 'putManifest'
	| 'deleteManifest'
	| 'listTags'
	| 'listReferrers'
	| 'listRepositories';

/** Told of each attempt when its answer begins, or when it is clear that there is none; and of the bytes of blobs. For the metrics, under the upstream's name. */
export type UpstreamObserver = {
	requested(facts: {operation: UpstreamOperation; status: number | undefined; seconds: number}): void;
	transferred(facts: {direction: 'sent' | 'received'; bytes: number}): void;
};

/** How patient we are, and how many connections we hold. */
export type RemoteTuning = {
	/** To connect, TLS included. */
	connectSeconds: number;
	/** For the beginning of an answer to what is answered at once. */
	answerSeconds: number;
	/** For the answer to the last byte of an upload, and between any two pieces of a body. */
	idleSeconds: number;
	/** For a token, all of it. */
	tokenSeconds: number;
	/** For a manifest or a list, all of it. */
	documentSeconds: number;
	/** So long after the first refusal for a passing reason a request is repeated. */
	patienceSeconds: number;
	/** How often at the most it is sent. */
	tries: number;
	/** The first pause; each further one is twice as long. */
	firstWaitSeconds: number;
	/** The longest pause, whatever the upstream asks for. */
	longestWaitSeconds: number;
	/** Connections for small requests, for uploads, and for downloads. */
	sockets: number;
};

export const defaultTuning: RemoteTuning = {
	connectSeconds: 10,
	answerSeconds: 30,
	idleSeconds: 300,
	tokenSeconds: 15,
	documentSeconds: 60,
	patienceSeconds: 60,
	tries: 8,
	firstWaitSeconds: 0.25,
	longestWaitSeconds: 20,
	sockets: 64,
};
