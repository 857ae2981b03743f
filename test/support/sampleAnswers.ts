/** What the operations answer of a registry that has been in use for a while: invented, always the same, and as the schemas want it. */
import {createHash} from 'node:crypto';
import type {RefRow} from '../../src/operations/answers/refs.ts';
import {OperationError} from '../../src/operations/operation.ts';
import type {Operations} from '../../src/operations/operations.ts';
import {type OperationName, type OperationOutput, operations as table} from '../../src/operations/table.ts';

export const sampleNow = Date.parse('2026-11-27T09:30:00Z');

/** Answers by name; `given` instead of the sample's own. Each answer is checked against its schema. */
export const sampleOperations = (given: Partial<{[N in OperationName]: (input: never) => unknown}> = {}): Operations => ({
	async run(name, input) {
		const answer = {...answers, ...given}[name];
		if (!answer) throw new Error(`no sample of ${name}`);
		return table[name].output.parse(answer(input as never)) as never;
	},
});

const GiB = 1024 ** 3;
const MiB = 1024 ** 2;
const dayMs = 86_400_000;
const ago = (days: number) => new Date(sampleNow - days * dayMs).toISOString();
const asOf = ago(0.011);

const digest = (of: string) => `sha256:${createHash('sha256').update(of).digest('hex')}`;
/** From 0 to 1, the same for the same text. */
const drawn = (of: string) => Number.parseInt(digest(of).slice(7, 15), 16) / 0xffffffff;

const ref = (repository: string, tag: string, gib: number, more: Partial<RefRow> = {}): RefRow => {
	const imports = Math.round(drawn(`${repository}:${tag}`) * 900);
	return {
		repository,
		tag,
		digest: digest(`${repository}:${tag}`),
		mediaType: 'application/vnd.oci.image.manifest.v1+json',
		kind: 'cache',
		pushedAt: ago(drawn(tag) * 6),
		lastImportedAt: ago(drawn(repository + tag) * 3),
		pushes: Math.round(imports / 4) + 1,
		imports,
		bytes: Math.round(gib * GiB),
		exclusiveBytes: Math.round(gib * GiB * (0.2 + drawn(tag + repository) * 0.5)),
		shareBytes: Math.round(gib * GiB * 0.8),
		layers: 12 + Math.round(drawn(tag) * 40),
		heads: 0,
		superseded: 2,
		protected: 'no',
		...more,
	};
};

const refs: RefRow[] = [
	ref('ci/web', 'main', 11.4, {protected: 'policy', imports: 2318, lastImportedAt: ago(0.01)}),
	ref('ci/web', 'release-4.2', 9.8, {protected: 'policy', imports: 412}),
	ref('ci/api', 'main', 8.1, {protected: 'policy', imports: 1904, lastImportedAt: ago(0.003)}),
	ref('ci/web', 'pr-4127', 6.2),
	ref('ci/ml/train', 'main', 38.6, {imports: 61}),
	ref('ci/ml/train', 'experiments-2026-cuda-13-attention-sweep', 31.2, {imports: 3, lastImportedAt: ago(24)}),
	ref('ci/api', 'pr-991', 2.9),
	ref('ci/api', 'pr-987', 2.4, {imports: 0, lastImportedAt: undefined}),
	ref('ci/docs', 'main', 0.31),
	ref('ci/mobile', 'main', 14.9),
	ref('ci/mobile', 'nightly', 13.2, {imports: 18}),
];

const usageOfDay = (index: number, days: number, share: number) => {
	const date = new Date(sampleNow - (days - 1 - index) * dayMs);
	const day = date.toISOString().slice(0, 10);
	const isWeekend = date.getUTCDay() % 6 === 0;
	const asked = Math.round((isWeekend ? 70 : 420) * (0.8 + drawn(day) * 0.4) * share);
	const importMisses = Math.round(asked * (0.05 + drawn(`${day} miss`) * 0.09));
	const imports = asked - importMisses;
	const fetchedBytes = Math.round(imports * (0.45 + drawn(`${day} bytes`) * 0.3) * GiB);
	const redirectedBytes = Math.round(fetchedBytes * (0.96 + drawn(`${day} way`) * 0.03));
	const pushedBytes = Math.round(fetchedBytes * 0.16);
	return {
		...{day, imports, importMisses, fetchedBytes, redirectedBytes, pushedBytes},
		pushes: Math.round(asked * 0.3),
		fallbacks: Math.round(imports * 0.2),
		redirectedPushBytes: Math.round(pushedBytes * 0.9),
		fetches: imports * 14,
		streamedBytes: fetchedBytes - redirectedBytes,
		...(asked > 0 && {hitRate: imports / asked}),
	};
};

const usage = ({days: count = 30, repo}: {days?: number; repo?: string}): OperationOutput<'usage'> => {
	const share = repo ? 0.236 : 1;
	const days = Array.from({length: count}, (_, index) => usageOfDay(index, count, share));
	const sum = (of: (day: (typeof days)[number]) => number) => days.reduce((total, day) => total + of(day), 0);
	const sizes = Array.from({length: 120}, (_, index) => {
		const at = ago((120 - index) / 4);
		// It grows until the collector has something to delete.
		const gib = 128 + index * 0.42 - Math.floor(index / 26) * 9 + drawn(at) * 3;
		return {
			at,
			bytes: Math.round(gib * GiB * share),
			blobs: Math.round(gib * 61 * share),
			manifests: 214,
			tags: 48,
			unreferencedBytes: Math.round(6 * GiB * share),
			condemnedBytes: Math.round(3.2 * GiB * share),
		};
	});
	const repositories = [
		{repository: 'ci/ml/train', bytes: Math.round(61.2 * GiB), refs: 9, blobs: 1204, grownBytes: Math.round(12.1 * GiB)},
		{repository: 'ci/web', bytes: Math.round(33.7 * GiB), refs: 18, blobs: 3911, grownBytes: Math.round(2.2 * GiB)},
		{repository: 'ci/mobile', bytes: Math.round(24.9 * GiB), refs: 7, blobs: 1702, grownBytes: Math.round(-4.6 * GiB)},
		{repository: 'ci/api', bytes: Math.round(15.3 * GiB), refs: 12, blobs: 1288, grownBytes: Math.round(0.3 * GiB)},
		{repository: 'ci/docs', bytes: Math.round(0.42 * GiB), refs: 2, blobs: 96},
	];
	const [imports, importMisses] = [sum(day => day.imports), sum(day => day.importMisses)];
	return {
		asOf,
		days,
		total: {
			...{imports, importMisses, hitRate: imports / (imports + importMisses)},
			pushes: sum(day => day.pushes),
			fallbacks: sum(day => day.fallbacks),
			pushedBytes: sum(day => day.pushedBytes),
			redirectedPushBytes: sum(day => day.redirectedPushBytes),
			fetches: sum(day => day.fetches),
			fetchedBytes: sum(day => day.fetchedBytes),
			redirectedBytes: sum(day => day.redirectedBytes),
			streamedBytes: sum(day => day.streamedBytes),
		},
		sizes,
		repositories: repo ? repositories.filter(({repository}) => repository === repo) : repositories,
	};
};

const orders = {
	imports: (a: RefRow, b: RefRow) => b.imports - a.imports,
	exclusive: (a: RefRow, b: RefRow) => b.exclusiveBytes - a.exclusiveBytes,
};

const top = ({by = 'exclusive', limit = 10}: {by?: keyof typeof orders; limit?: number}): OperationOutput<'top'> => ({
	asOf,
	refs: refs.toSorted(orders[by]).slice(0, limit),
	layers: ['node_modules', 'cuda', 'gradle', 'apt', 'pip', 'go mod'].map((name, index) => ({
		repository: index % 2 ? 'ci/ml/train' : 'ci/web',
		digest: digest(name),
		bytes: Math.round(drawn(name) * 2 * GiB),
		fetches: 2100 - index * 317,
		fetchedBytes: Math.round((2100 - index * 317) * drawn(name) * 2 * GiB),
		lastFetchedAt: ago(drawn(name) / 10),
	})),
	clients: ['127.0.0.21', '127.0.0.22', '127.0.0.23', '127.0.0.40'].map((client, index) => ({
		client,
		pushes: 812 - index * 190,
		imports: 2544 - index * 611,
		fetches: 31_870 - index * 7020,
		lastSeenAt: ago(index / 20),
	})),
});

const steps = [
	'RUN apt-get install -y build-essential python3',
	'COPY package.json package-lock.json ./',
	'RUN npm ci',
	'RUN npm run build -- --production',
	'RUN playwright install chromium',
	'COPY . .',
	'RUN go build ./...',
	'FROM docker.io/library/node:26-bookworm',
];

const layer = (index: number): OperationOutput<'refs.show'>['layers'][number] => {
	const name = `layer ${index}`;
	const fetched = [0.1, 0.4, 3, 5, 12, 21, 48, undefined][index % 8];
	const size = Math.round((2.6 * GiB) / (1 + index * 0.9) + drawn(name) * 40 * MiB);
	const fetches = fetched === undefined ? 0 : 400 - index * 11;
	return {
		digest: digest(name),
		mediaType: 'application/vnd.oci.image.layer.v1.tar+gzip',
		size,
		present: index !== 19,
		storedAt: ago(30 + index / 3),
		createdAt: ago(31 + index / 3),
		...(index % 3 !== 2 && {description: steps[index % steps.length]}),
		uncompressed: digest(`${name} uncompressed`),
		fetches,
		recentFetches: fetched !== undefined && fetched < 14 ? Math.round(fetches / 5) : 0,
		...(fetched !== undefined && {lastFetchedAt: ago(fetched)}),
		sharedWith: index % 4 === 0 ? ['release-4.2', 'pr-4127', 'pr-4120', 'pr-4101', 'pr-4099'] : index % 3 === 0 ? ['release-4.2'] : [],
		exclusive: index % 4 !== 0 && index % 3 !== 0,
		neededBy: Array.from({length: 1 + (index % 5)}, (_, step) => ({digest: digest(`step ${index} ${step}`)})),
		lostWithout: 1,
	};
};

const show = ({ref: name}: {ref: string}): OperationOutput<'refs.show'> => {
	const found = refs.find(({repository, tag}) => `${repository}:${tag}` === name);
	if (!found) throw new OperationError('not-found', `there is no ref ${name}`, 'it may have been deleted');
	const layers = Array.from({length: 24}, (_, index) => layer(index));
	const unfetched = layers.filter(({recentFetches}) => recentFetches === 0).slice(0, 6);
	const saving = (some: typeof layers, records: number) => ({
		layers: some.map(({digest, size, storedAt, lastFetchedAt}) => ({digest, size, storedAt, lastFetchedAt})),
		bytes: some.reduce((sum, {size}) => sum + size, 0),
		exclusiveBytes: some.filter(({exclusive}) => exclusive).reduce((sum, {size}) => sum + size, 0),
		records,
	});
	return {
		asOf,
		ref: {...found, layers: layers.length},
		form: 'image manifest',
		digests: [found.digest],
		records: 117,
		recentDays: 14,
		layers,
		previous: [
			{digest: digest('previous 1'), since: ago(0.8)},
			{digest: digest('previous 2'), since: ago(1.7)},
		],
		deadWeight: {
			days: 14,
			countedSince: ago(60),
			unfetched: saving(unfetched, 4),
			modeMin: saving(layers.slice(4), 88),
			withoutRecords: saving(unfetched, 6),
		},
		nearDuplicates: {
			compressions: [
				{
					uncompressed: digest('layer 3 uncompressed'),
					copies: [
						{digest: digest('layer 3'), size: 700 * MiB, mediaType: 'application/vnd.oci.image.layer.v1.tar+gzip', tags: ['main']},
						{
							digest: digest('layer 3 zstd'),
							size: 610 * MiB,
							mediaType: 'application/vnd.oci.image.layer.v1.tar+zstd',
							tags: ['release-4.2'],
						},
					],
					wastedBytes: 610 * MiB,
				},
			],
			steps: [
				{
					record: digest('npm ci'),
					results: [
						{createdAt: ago(3), layers: [digest('layer 2')], bytes: 930 * MiB, tags: ['main']},
						{createdAt: ago(4), layers: [digest('layer 2b')], bytes: 931 * MiB, tags: ['pr-4127']},
					],
					wastedBytes: 930 * MiB,
				},
			],
		},
		problems: [],
	};
};

const removals = [
	{
		repository: 'ci/api',
		kind: 'tag' as const,
		tag: 'pr-987',
		reason: 'not imported for 8 days, and pushed longer ago than that',
		rule: 'refs[0] (line 4): ci/**:pr-*, expire.idle 7d',
		exclusiveBytes: Math.round(1.3 * GiB),
	},
	{
		repository: 'ci/web',
		kind: 'superseded' as const,
		tag: 'main',
		digest: digest('previous 9'),
		reason: 'the tag has had 3 newer manifests',
		rule: 'refs[1] (line 9): ci/**:main, keep.superseded 3',
		exclusiveBytes: Math.round(212 * MiB),
	},
	{
		repository: 'ci/docs',
		kind: 'untagged' as const,
		digest: digest('untagged'),
		reason: 'no tag has led to it for 3 days',
		exclusiveBytes: 18_432,
	},
];

const total = (of: readonly {exclusiveBytes: number}[]) => ({
	count: of.length,
	bytes: of.reduce((sum, {exclusiveBytes}) => sum + exclusiveBytes, 0),
});

const retention = (): OperationOutput<'retention.preview'> => ({
	asOf,
	removals,
	total: total(removals),
	plan: 'a1b2c3d4e5f6',
	freeAfter: ago(-6.2),
	kept: [{repository: 'ci/web', tag: 'release-4.2', because: 'it is protected by the policy (line 9)'}],
	policy: '/etc/layercache/policy.yaml',
	budgets: [{match: 'ci/**', size: 160 * 1024 ** 3, bytes: Math.round(134.2 * GiB)}],
	upcoming: [
		{
			repository: 'ci/ml/train',
			kind: 'tag' as const,
			tag: 'experiments-2026-cuda-13-attention-sweep',
			reason: 'will not have been imported for 30 days',
			rule: 'refs[2] (line 14): ci/ml/**, expire.idle 30d',
			exclusiveBytes: Math.round(22.8 * GiB),
			at: ago(-6),
		},
		{
			repository: 'ci/api',
			kind: 'tag' as const,
			tag: 'pr-991',
			reason: 'will not have been imported for 7 days',
			rule: 'refs[0] (line 4): ci/**:pr-*, expire.idle 7d',
			exclusiveBytes: Math.round(1.1 * GiB),
			at: ago(-6.4),
		},
	],
});

const cycle = (hoursAgo: number, gib: number): OperationOutput<'gc.status'>['earlier'][number] => {
	const deleted = {count: Math.round(gib * 60), bytes: Math.round(gib * GiB)};
	return {
		startedAt: ago((hoursAgo + 0.02) / 24),
		endedAt: ago(hoursAgo / 24),
		resumed: hoursAgo === 3,
		totals: {
			bytes: Math.round((139 - hoursAgo / 3) * GiB),
			blobs: 8201,
			manifests: 214,
			tags: 48,
			unreferencedBytes: Math.round(6.1 * GiB),
			condemnedBytes: Math.round(3.2 * GiB),
			repositories: 5,
		},
		did: {
			condemned: {count: 41, bytes: 700 * MiB},
			recondemned: {count: 0, bytes: 0},
			freed: {count: Math.floor(hoursAgo) % 3, bytes: 0},
			deleted,
		},
		reasons: deleted.count > 0 ? [{did: 'deleted', reason: 'no manifest has needed it for 6 days', ...deleted}] : [],
		removedCount: Math.floor(hoursAgo) % 2,
		problems: [],
	};
};

const status = (): OperationOutput<'gc.status'> => ({
	everySeconds: 3600,
	graceSeconds: 3 * 86_400,
	quarantineSeconds: 3 * 86_400,
	lease: {holder: 'replica-2', renewedAt: ago(0.011), expired: false},
	last: {...cycle(0.3, 1.4), removed: []},
	earlier: [1, 2, 3, 4, 5].map(hours => cycle(hours, hours % 2 ? 0.8 : 0)),
	nextAt: ago(-0.7 / 24),
});

const prune = ({dryRun = false, tag = ''}: {dryRun?: boolean; tag?: string}): OperationOutput<'prune'> => {
	const gone = refs
		.filter(({tag: name}) => tag.startsWith('pr-') === name.startsWith('pr-') && tag !== 'nothing')
		.map(({repository, tag, exclusiveBytes, imports}) => ({
			repository,
			kind: 'tag' as const,
			tag,
			reason: imports === 0 ? 'never imported, and pushed 9 days ago' : 'not imported for 9 days',
			exclusiveBytes,
		}));
	const kept = [{repository: 'ci/web', tag: 'main', because: 'it is protected by the policy (line 9)'}];
	return {asOf, dryRun, removals: gone, total: total(gone), plan: 'c0ffee123456', freeAfter: ago(-6), kept};
};

const answers: Partial<{[N in OperationName]: (input: never) => OperationOutput<N>}> = {
	usage,
	top,
	prune,
	'refs.list': ({repo}: {repo?: string}) => {
		const found = refs.filter(({repository}) => repository === repo);
		return {asOf, refs: found, total: {count: found.length, bytes: found.reduce((sum, {bytes}) => sum + bytes, 0)}};
	},
	'refs.show': show,
	'retention.preview': retention,
	'gc.status': status,
	'handovers.list': () => ({
		asOf,
		handovers: [
			{
				repository: 'ci/web',
				tag: 'v1.4',
				digest: digest('v1.4'),
				queuedAt: ago(0.01),
				attempts: 3,
				error: 'registry.example.com did not answer putBlob (ECONNREFUSED): nobody listens there',
			},
		],
		total: 1,
		failing: 1,
	}),
};
