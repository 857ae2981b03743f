/**
 * Amazon ECR as its users and its documentation describe it, in front of a real registry: what that one would take and ECR does not, is refused
 * here. A registry that asks for tokens of 12 hours, an API that gives them, and an S3 that has the layers.
 */
import {createServer, type IncomingMessage, type ServerResponse} from 'node:http';
import {pipeline} from 'node:stream/promises';
import {type EcrAnswer, refusalAnswer} from './ecrDouble/answers.ts';
import {answerApi} from './ecrDouble/api.ts';
import {createInner} from './ecrDouble/inner.ts';
import {createRates, type EcrAction} from './ecrDouble/rates.ts';
import {answerRegistry} from './ecrDouble/registry.ts';
import type {EcrState, Session} from './ecrDouble/state.ts';
import {answerStorage} from './ecrDouble/storage.ts';
import {listenOnLoopback} from './loopback.ts';

export type EcrDoubleOptions = {
	/** The registry behind, which keeps everything. */
	inner: string;
	account?: string;
	region?: string;
	/** The double's own clock. */
	now?: () => Date;
	/** Requests a second, where they are not ECR's own. */
	rates?: Partial<Record<EcrAction, number>>;
	/** The account setting BLOB_MOUNTING is on. */
	mounts?: boolean;
	/** A repository creation template for CREATE_ON_PUSH is there (AWS, "What's new", December 2025). */
	createsOnPush?: boolean;
	/** Manifests can be deleted over OCI, which issue 1229 of aws/containers-roadmap says has shipped since. */
	deletes?: boolean;
};

/** A repository there; `isImmutable`: its tags are. */
export type EcrRepository = {isImmutable: boolean};

export type EcrDouble = {
	/** Of the registry; in the place of `<account>.dkr.ecr.<region>.amazonaws.com`. */
	url: string;
	host: string;
	/** Of the API, for the SDK's `endpoint`. */
	api: string;
	account: string;
	region: string;
	/** Whose requests the API takes. */
	credentials: {accessKeyId: string; secretAccessKey: string};
	repositories: Map<string, EcrRepository>;
	/** Passwords, and until when each is good. */
	tokens: Map<string, Date>;
	/** Calls of the API by their names, and what came to the registry and to the storage. */
	calls: string[];
	requests: {method: string; path: string; authorization: string | undefined}[];
	/** What the API refuses to whoever asks, such as `CreateRepository`. */
	denied: Set<string>;
	/** How often it said 429. */
	throttled: number;
};

type Scope = {teardown(act: () => Promise<void>): void};

export const startEcrDouble = async (scope: Scope, options: EcrDoubleOptions): Promise<EcrDouble> => {
	const {account = '123456789012', region = 'eu-test-1', now = () => new Date()} = options;
	const servers = {registry: createServer(), api: createServer(), storage: createServer()};
	const url = await listenOnLoopback(scope, servers.registry);
	const storage = await listenOnLoopback(scope, servers.storage);
	const inner = createInner(options.inner);
	scope.teardown(inner.close);
	const double: EcrDouble = {
		url,
		host: new URL(url).host,
		api: await listenOnLoopback(scope, servers.api),
		...{account, region},
		credentials: {accessKeyId: 'AKIAECRDOUBLE', secretAccessKey: 'the+secret/of=ecr'},
		repositories: new Map(),
		tokens: new Map(),
		calls: [],
		requests: [],
		denied: new Set(),
		throttled: 0,
	};
	const state: EcrState = {
		...{double, inner, now, storage, url},
		sessions: new Map<string, Session>(),
		rates: createRates(options.rates ?? {}, () => now().getTime()),
		mounts: options.mounts ?? false,
		createsOnPush: options.createsOnPush ?? false,
		deletes: options.deletes ?? false,
	};
	const serve = (server: keyof typeof servers, answer: (state: EcrState, message: IncomingMessage) => Promise<EcrAnswer>) =>
		servers[server].on('request', (message, response) => {
			const {method = '', url: path = '', headers, socket} = message;
			double.requests.push({method, path, authorization: headers.authorization});
			answer(state, message)
				.catch(refusalAnswer)
				.then(told => deliver(message, response, told))
				.catch(() => socket.destroy());
		});
	serve('registry', answerRegistry);
	serve('api', answerApi);
	serve('storage', answerStorage);
	return double;
};

const deliver = async (message: IncomingMessage, response: ServerResponse, {status, headers, body = ''}: EcrAnswer) => {
	if (typeof body === 'string') {
		response.writeHead(status, {'content-length': String(Buffer.byteLength(body)), ...headers}).end(body);
		// What a refused request would still send, nobody wants.
		message.resume();
	} else {
		response.writeHead(status, headers);
		await pipeline(body, response);
	}
};
