/** The AWS SDK's client as we want it: one agent, our own patience, answers dated, failures explained. */
import {crc32} from 'node:zlib';
import {S3Client, type S3ClientResolvedConfig, type ServiceInputTypes, type ServiceOutputTypes} from '@aws-sdk/client-s3';
import type {AwsCredentialIdentity, Command, HashConstructor} from '@smithy/types';
import type {Agent} from 'undici';
import {createAgent, createHttpHandler} from './httpHandler.ts';
import {withRenewal} from './renewal.ts';
import {createRetries} from './retries.ts';
import {explain} from './s3Failure.ts';
import {defaultTuning, type S3Settings, type S3Tuning} from './settings.ts';

type S3Command<I extends ServiceInputTypes, O extends ServiceOutputTypes> = Command<
	ServiceInputTypes,
	I,
	ServiceOutputTypes,
	O,
	S3ClientResolvedConfig
>;

/** `payload` is signed in the place of the body's hash: that hash where it is known beforehand, or `unsignedPayload`. */
export type SendOptions = {signal?: AbortSignal; payload?: string};
export const unsignedPayload = 'UNSIGNED-PAYLOAD';

/**
 * A body in pieces, which is sent again from memory when S3 refuses it. The SDK hands it on as it is, though its types know only whole ones.
 * S3 checks the CRC: what we verified must not be changed on the way, nor by a mistake of ours with memory that is used again.
 */
export const inPieces = (pieces: readonly Uint8Array[], size: number) => ({
	Body: pieces as unknown as Uint8Array,
	ContentLength: size,
	ChecksumCRC32: crc32Of(pieces),
});

/** As S3 writes it: big-endian, in base64. */
const crc32Of = (pieces: readonly Uint8Array[]): string => {
	const sum = Buffer.alloc(4);
	sum.writeUInt32BE(pieces.reduce((crc, piece) => crc32(piece, crc), 0));
	return sum.toString('base64');
};

export type S3 = {
	settings: S3Settings;
	tuning: S3Tuning;
	bucket: string;
	agent: Agent;
	/** Our key as S3 knows it, and back. */
	fullKey(key: string): string;
	ownKey(fullKey: string): string;
	/** Throws S3Failure. `answeredAt` is S3's clock. */
	send<I extends ServiceInputTypes, O extends ServiceOutputTypes>(
		command: S3Command<I, O>,
		options?: SendOptions,
	): Promise<O & {answeredAt: Date}>;
	/** S3's clock as the last answer told it. */
	estimatedNow(): Date;
	credentials(): Promise<AwsCredentialIdentity>;
	region(): Promise<string>;
	/** Where the bucket is, as seen from `endpoint`; AWS's own where there is none. */
	bucketUrl(endpoint: URL | undefined): Promise<URL>;
	sha256: HashConstructor;
	close(): Promise<void>;
};

export const createS3 = (settings: S3Settings): S3 => {
	const tuning = {...defaultTuning, ...settings.tuning};
	const agent = createAgent(tuning);
	const client = new S3Client({
		region: settings.region ?? findRegion(),
		...(settings.endpoint && {endpoint: settings.endpoint.href}),
		...(settings.credentials && {credentials: settings.credentials}),
		forcePathStyle: settings.forcePathStyle ?? settings.endpoint !== undefined,
		requestHandler: createHttpHandler(agent, tuning),
		retryStrategy: createRetries(tuning),
		// Handed on to the providers of credentials: when those are asked anew, files are read anew.
		...({ignoreCache: true} as object),
		// The digest in the registry's hands says more than either.
		requestChecksumCalculation: 'WHEN_REQUIRED',
		responseChecksumValidation: 'WHEN_REQUIRED',
		// A round trip for every part, to learn what S3 says at the end anyway.
		expectContinueHeader: false,
	});
	const answerDates = new WeakMap<object, Date>();
	let clockLead = 0;

	client.middlewareStack.add(
		(next, context) => async args => {
			const startedAt = performance.now();
			let answer: Answer | undefined;
			try {
				const result = await next(args);
				answer = result.response as Answer;
				if (result.output) answerDates.set(result.output.$metadata, dateOf(answer) ?? new Date());
				return result;
			} catch (error) {
				answer = (error as {$response?: Answer}).$response;
				throw error;
			} finally {
				const date = dateOf(answer);
				if (date) clockLead = date.getTime() - Date.now();
				const seconds = (performance.now() - startedAt) / 1000;
				settings.onRequest?.({operation: (context.commandName ?? '').replace(/Command$/, ''), status: answer?.statusCode, seconds});
			}
		},
		{step: 'deserialize', priority: 'high', name: 'layercacheAnswers'},
	);

	const prefix = settings.prefix?.replace(/^\/+|\/+$/g, '');
	const start = prefix ? `${prefix}/` : '';
	const region = () => client.config.region();

	return {
		settings,
		tuning,
		agent,
		bucket: settings.bucket,
		fullKey: key => start + key,
		ownKey: fullKey => fullKey.slice(start.length),

		async send(command, {signal, payload} = {}) {
			if (payload)
				command.middlewareStack.add(
					next => async args => {
						(args.request as {headers: Record<string, string>}).headers['x-amz-content-sha256'] = payload;
						return next(args);
					},
					{step: 'build', name: 'layercachePayload'},
				);
			try {
				const output = await withRenewal(client.config.credentials, () => client.send(command, {abortSignal: signal}));
				return Object.assign(output, {answeredAt: answerDates.get(output.$metadata) ?? new Date()});
			} catch (error) {
				if (signal?.aborted) throw signal.reason;
				throw explain(error, command.constructor.name.replace(/Command$/, ''), settings);
			}
		},

		estimatedNow: () => new Date(Date.now() + clockLead),
		credentials: async () => client.config.credentials(),
		region,

		async bucketUrl(endpoint) {
			const parameters = {
				Bucket: settings.bucket,
				Region: await region(),
				ForcePathStyle: settings.forcePathStyle ?? endpoint !== undefined,
				...(endpoint && {Endpoint: endpoint.href}),
			};
			return client.config.endpointProvider(parameters).url;
		},

		sha256: client.config.sha256 as HashConstructor,

		async close() {
			client.destroy();
			await agent.destroy();
		},
	};
};

/** What AWS's own settings say; servers other than AWS rarely care. Asked for with every request, so remembered. */
const findRegion = () => {
	let found: Promise<string> | undefined;
	return () => {
		found ??= new S3Client({}).config.region().catch(() => 'us-east-1');
		return found;
	};
};

type Answer = {statusCode?: number; headers?: Record<string, string>};

const dateOf = (answer: Answer | undefined) => {
	const date = new Date(answer?.headers?.date ?? '');
	return Number.isNaN(date.getTime()) ? undefined : date;
};
