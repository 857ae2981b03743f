/** How we speak to S3: by the AWS SDK's client, with our own transport and patience, answers dated, failures explained; directly where builds wait. */
import {S3Client, type S3ClientResolvedConfig, type ServiceInputTypes, type ServiceOutputTypes} from '@aws-sdk/client-s3';
import type {AwsCredentialIdentity, Command, HashConstructor} from '@smithy/types';
import type {Agent} from 'undici';
import {createDirectRequests, type DirectRequests} from './directRequests.ts';
import {createHttpHandler} from './httpHandler.ts';
import {withRenewal} from './renewal.ts';
import {createRetries} from './retries.ts';
import {createS3Clock} from './s3Clock.ts';
import {explain} from './s3Failure.ts';
import {defaultTuning, type S3Settings, type S3Tuning} from './settings.ts';
import {createTransport} from './transport.ts';

type S3Command<I extends ServiceInputTypes, O extends ServiceOutputTypes> = Command<
	ServiceInputTypes,
	I,
	ServiceOutputTypes,
	O,
	S3ClientResolvedConfig
>;

export type S3 = DirectRequests & {
	settings: S3Settings;
	tuning: S3Tuning;
	bucket: string;
	/** Whether S3 checks a sum that comes after the bytes: not before that was tried out. */
	checksTrailers: boolean;
	agent: Agent;
	/** Our key as S3 knows it, and back. */
	fullKey(key: string): string;
	ownKey(fullKey: string): string;
	/** By the SDK. Throws S3Failure. `answeredAt` is S3's clock. */
	send<I extends ServiceInputTypes, O extends ServiceOutputTypes>(
		command: S3Command<I, O>,
		options?: {signal?: AbortSignal},
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
	const transport = createTransport(tuning);
	const retries = createRetries(tuning);
	const clock = createS3Clock();
	const client = new S3Client({
		region: settings.region ?? findRegion(),
		...(settings.endpoint && {endpoint: settings.endpoint.href}),
		...(settings.credentials && {credentials: settings.credentials}),
		forcePathStyle: settings.forcePathStyle ?? settings.endpoint !== undefined,
		requestHandler: createHttpHandler(transport),
		retryStrategy: retries,
		// Handed on to the providers of credentials: when those are asked anew, files are read anew.
		...({ignoreCache: true} as object),
		// The digest in the registry's hands says more than either.
		requestChecksumCalculation: 'WHEN_REQUIRED',
		responseChecksumValidation: 'WHEN_REQUIRED',
		// A round trip for every part, to learn what S3 says at the end anyway.
		expectContinueHeader: false,
	});
	const answerDates = new WeakMap<object, Date>();

	client.middlewareStack.add(
		(next, context) => async args => {
			const startedAt = performance.now();
			let answer: Answer | undefined;
			try {
				const result = await next(args);
				answer = result.response as Answer;
				if (result.output) answerDates.set(result.output.$metadata, clock.hear(answer.headers) ?? new Date());
				return result;
			} catch (error) {
				answer = (error as {$response?: Answer}).$response;
				clock.hear(answer?.headers);
				throw error;
			} finally {
				const seconds = (performance.now() - startedAt) / 1000;
				settings.onRequest?.({operation: (context.commandName ?? '').replace(/Command$/, ''), status: answer?.statusCode, seconds});
			}
		},
		{step: 'deserialize', priority: 'high', name: 'layercacheAnswers'},
	);

	const prefix = settings.prefix?.replace(/^\/+|\/+$/g, '');
	const start = prefix ? `${prefix}/` : '';
	const region = () => client.config.region();

	const bucketUrl = async (endpoint: URL | undefined) => {
		const parameters = {
			Bucket: settings.bucket,
			Region: await region(),
			ForcePathStyle: settings.forcePathStyle ?? endpoint !== undefined,
			...(endpoint && {Endpoint: endpoint.href}),
		};
		return client.config.endpointProvider(parameters).url;
	};

	let ownBucketUrl: Promise<URL> | undefined;
	const direct = createDirectRequests({
		settings,
		transport,
		clock,
		retries,
		credentials: client.config.credentials,
		region,
		bucketUrl() {
			ownBucketUrl ??= bucketUrl(settings.endpoint);
			return ownBucketUrl;
		},
		sha256: client.config.sha256 as HashConstructor,
	});

	return {
		...direct,
		settings,
		tuning,
		agent: transport.agent,
		bucket: settings.bucket,
		checksTrailers: false,
		fullKey: key => start + key,
		ownKey: fullKey => fullKey.slice(start.length),

		async send(command, {signal} = {}) {
			// It would find out for itself, and be refused first.
			client.config.systemClockOffset = clock.now().getTime() - Date.now();
			try {
				const output = await withRenewal(client.config.credentials, () => client.send(command, {abortSignal: signal}));
				return Object.assign(output, {answeredAt: answerDates.get(output.$metadata) ?? new Date()});
			} catch (error) {
				if (signal?.aborted) throw signal.reason;
				throw explain(error, command.constructor.name.replace(/Command$/, ''), settings);
			}
		},

		estimatedNow: clock.now,
		credentials: async () => client.config.credentials(),
		region,

		bucketUrl,
		sha256: client.config.sha256 as HashConstructor,

		async close() {
			client.destroy();
			await transport.close();
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
