/** The same requests to a small bucket and to one a thousand times as large. */
import {randomBytes} from 'node:crypto';
import {Pool} from 'undici';
import {startLayercache} from '../../../test/e2e/harness/layercache.ts';
import {createPush} from '../../../test/e2e/harness/pushClient.ts';
import type {S3Server} from '../../../test/e2e/harness/s3Server.ts';
import {createScope, type Scope} from '../../../test/e2e/harness/scope.ts';
import {type BucketShape, blobDigest, digestOf, manifestOf, manifestType, repositoryName, tagName} from '../bigBucket/contents.ts';
import {startBigBucket} from '../bigBucket/start.ts';
import {untilQuiet} from '../s3Requests.ts';
import {type BenchOptions, roundsOf, type Scenario} from '../scenario.ts';
import {quantile} from '../statistics.ts';
import {type Figures, rotated, runRoundsTogether} from '../trials.ts';

export const growthScenario: Scenario = {
	title: 'Growth',
	method: [
		'The store is a double (`scripts/bench/bigBucket.ts`): a process of its own that answers like S3, from memory, in a time',
		"that depends on the answer and not on the bucket. So growth that is seen here is layercache's own; what a real S3",
		'takes longer for with more keys is not in it. Each repository has 1,000 blobs and 10 refs of ten layers: one of them',
		'is the small bucket, a thousand are the large one, and the requests go to one repository, or, in a row of its own, to',
		'one drawn at random each time. One more row has 100,000 blobs in a single repository. "Cold" is the first request of a',
		'new process. The buckets have a process each and take turns, one request of each after the other, so that a busy moment',
		'of the machine meets all of them. An "export" is what BuildKit sends for ten new layers of 1 kB: HEADs, POSTs and PUTs,',
		'four at a time, the config, and HEAD and PUT of the manifest.',
	].join('\n'),
	figures: {
		p50Ms: {title: 'p50, ms', digits: 3},
		p99Ms: {title: 'p99, ms', digits: 2},
		requests: {title: 'S3 requests each', digits: 2},
		coldMs: {title: 'cold, ms', digits: 1},
		coldRequests: {title: 'S3 requests, cold', digits: 0},
	},
	ratios: [{figure: 'p50Ms', bases: ['1,000 blobs']}],
	async run(options) {
		const scope = createScope();
		try {
			const started: StartedBucket[] = [];
			for (const [name, bucket] of Object.entries(buckets))
				started.push({name, store: await startBigBucket(scope, bucket.shape), ...bucket});
			return await runRoundsTogether({
				subjects: started.map(({name}) => name),
				rounds: roundsOf(options, 3),
				report: options.report,
				async measureAll(names, _round, tell) {
					const inOrder = names.flatMap(name => started.filter(bucket => bucket.name === name));
					for (const [operation, facts] of Object.entries(operations)) {
						const measured = await measureOperation(inOrder, facts, options);
						for (const [name, figures] of measured) tell(name, {[operation]: figures});
					}
				},
			});
		} finally {
			await scope.end();
		}
	},
};

interface BigBucket {
	readonly shape: BucketShape;
	/** The requests go to all repositories, not to one. */
	readonly isSpread?: true;
}

interface StartedBucket extends BigBucket {
	readonly name: string;
	readonly store: S3Server;
}

const large = {repositories: 1000, blobs: 1000, refs: 10};

const buckets: Readonly<Record<string, BigBucket>> = {
	'1,000 blobs': {shape: {repositories: 1, blobs: 1000, refs: 10}},
	'1,000,000 blobs': {shape: large},
	'1,000,000 blobs, any repository': {shape: large, isSpread: true},
	'100,000 blobs in one repository': {shape: {repositories: 1, blobs: 100_000, refs: 10}},
};

interface Target {
	readonly shape: BucketShape;
	readonly pool: Pool;
	pickRepository(): number;
}

interface Operation {
	readonly quickCount: number;
	readonly count: number;
	/** What is made before the clock runs, and what is timed. */
	prepare(target: Target): () => Promise<void>;
}

const operations: Readonly<Record<string, Operation>> = {
	'HEAD of a blob': {
		...{quickCount: 300, count: 2000},
		prepare: ({shape, pool, pickRepository}) => {
			const repository = pickRepository();
			return () => ask(pool, 'HEAD', `${base(repository)}/blobs/${blobDigest(repository, below(shape.blobs))}`, 200);
		},
	},
	'GET of a layer, redirected': {
		...{quickCount: 300, count: 2000},
		prepare: ({shape, pool, pickRepository}) => {
			const repository = pickRepository();
			return () => ask(pool, 'GET', `${base(repository)}/blobs/${blobDigest(repository, below(shape.blobs))}`, 307);
		},
	},
	'GET of a manifest by tag': {
		...{quickCount: 300, count: 1000},
		prepare: ({shape, pool, pickRepository}) => {
			const repository = pickRepository();
			return () => ask(pool, 'GET', `${base(repository)}/manifests/${tagName(below(shape.refs))}`, 200);
		},
	},
	'GET of a manifest by digest': {
		...{quickCount: 300, count: 1000},
		prepare: ({shape, pool, pickRepository}) => {
			const repository = pickRepository();
			const digest = digestOf(manifestOf(shape, repository, below(shape.refs)));
			return () => ask(pool, 'GET', `${base(repository)}/manifests/${digest}`, 200);
		},
	},
	export: {
		// So few that the repository stays about as large as it was: each adds eleven blobs.
		...{quickCount: 15, count: 40},
		prepare: ({pool, pickRepository}) => {
			const repository = pickRepository();
			const tag = `export-${randomBytes(6).toString('hex')}`;
			const contents = Array.from({length: 10}, () => randomBytes(1000));
			const {blobs, manifest} = createPush(repositoryName(repository), tag, contents);
			return () => sendExport(pool, base(repository), tag, [...blobs], manifest);
		},
	},
};

/** A new process for each kind of request and each bucket: what one has learned must not help the next. */
const measureOperation = async (
	buckets: readonly StartedBucket[],
	{prepare, quickCount, count}: Operation,
	{isQuick}: BenchOptions,
): Promise<Map<string, Figures>> => {
	const scope = createScope();
	try {
		const asked: AskedBucket[] = [];
		for (const bucket of buckets) asked.push(await startAsking(scope, bucket, prepare));
		const repetitions = isQuick ? quickCount : count;
		// The first tenth warms the processes up, in both meanings: they compile, and they learn what is there.
		for (let index = 0; index < repetitions / 10; index++) for (const {timed} of rotated(asked, index)) await timed();
		const warm = new Map<AskedBucket, number>();
		for (const bucket of asked) warm.set(bucket, await countsOf(bucket.store));
		for (let index = 0; index < repetitions; index++) for (const {timed, times} of rotated(asked, index)) times.push(await timed());
		const figures = new Map<string, Figures>();
		for (const bucket of asked) {
			const sorted = bucket.times.sort((a, b) => a - b);
			figures.set(bucket.name, {
				p50Ms: quantile(sorted, 0.5),
				p99Ms: quantile(sorted, 0.99),
				requests: ((await countsOf(bucket.store)) - (warm.get(bucket) ?? 0)) / repetitions,
				...bucket.cold,
			});
		}
		return figures;
	} finally {
		await scope.end();
	}
};

interface AskedBucket {
	readonly name: string;
	readonly store: S3Server;
	/** One request, in milliseconds. */
	readonly timed: () => Promise<number>;
	readonly times: number[];
	readonly cold: Figures;
}

const startAsking = async (
	scope: Scope,
	{name, store, shape, isSpread}: StartedBucket,
	prepare: Operation['prepare'],
): Promise<AskedBucket> => {
	const storage = {kind: 's3', server: store, bucket: 'bucket'} as const;
	// The double is no S3 that could verify uploads; what it is asked about them at the start would say nothing. And the collector walks along the
	// whole bucket: that has a scenario of its own.
	const env = {LAYERCACHE_REDIRECT_UPLOADS: 'never', LAYERCACHE_GC_EVERY: 'never'};
	const registry = await startLayercache(scope, {storage, env});
	const pool = new Pool(registry.url, {connections: 4, pipelining: 1});
	scope.teardown(() => pool.close());
	const one = Math.floor(shape.repositories / 2);
	const pickRepository = isSpread ? () => below(shape.repositories) : () => one;
	const timed = async () => {
		const act = prepare({shape, pickRepository, pool});
		const startedAt = performance.now();
		await act();
		return performance.now() - startedAt;
	};
	// A new process looks for what crashes have left; that is not what the first request costs.
	await untilQuiet(() => countsOf(store));
	const before = await countsOf(store);
	const coldMs = await timed();
	return {name, store, timed, times: [], cold: {coldMs, coldRequests: (await countsOf(store)) - before}};
};

const countsOf = async ({endpoint}: S3Server): Promise<number> => {
	const counts = JSON.parse(await (await fetch(`${endpoint}/_counts`)).text()) as Readonly<Record<string, number>>;
	return Object.values(counts).reduce((sum, count) => sum + count, 0);
};

const base = (repository: number) => `/v2/${repositoryName(repository)}`;

const below = (count: number) => Math.floor(Math.random() * count);

const ask = async (pool: Pool, method: 'GET' | 'HEAD', path: string, expected: number): Promise<void> => {
	const {statusCode, body} = await pool.request({method, path, headers: {accept: `${manifestType}, */*`}});
	await body.dump();
	if (statusCode !== expected) throw new Error(`${method} ${path}: ${statusCode}`);
};

const sendExport = async (
	pool: Pool,
	repository: string,
	tag: string,
	[config, ...layers]: readonly (readonly [string, Buffer])[],
	manifest: Buffer,
) => {
	await Promise.all(layers.map(layer => sendBlob(pool, repository, layer)));
	if (config) await sendBlob(pool, repository, config);
	await ask(pool, 'HEAD', `${repository}/manifests/${tag}`, 404);
	const headers = {'content-type': manifestType};
	const {statusCode, body} = await pool.request({method: 'PUT', path: `${repository}/manifests/${tag}`, headers, body: manifest});
	await body.dump();
	if (statusCode !== 201) throw new Error(`PUT manifest: ${statusCode}`);
};

const sendBlob = async (pool: Pool, repository: string, [digest, bytes]: readonly [string, Buffer]) => {
	await ask(pool, 'HEAD', `${repository}/blobs/${digest}`, 404);
	const started = await pool.request({method: 'POST', path: `${repository}/blobs/uploads/`});
	await started.body.dump();
	const location = new URL(String(started.headers.location), 'http://registry');
	location.searchParams.set('digest', digest);
	const {statusCode, body} = await pool.request({method: 'PUT', path: `${location.pathname}${location.search}`, body: bytes});
	await body.dump();
	if (statusCode !== 201) throw new Error(`PUT blob: ${statusCode}`);
};
