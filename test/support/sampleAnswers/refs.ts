/** The refs of the sample, and what the operations tell of them: lists, the largest, and all of one. */
import type {RefRow} from '../../../src/operations/answers/refs.ts';
import {OperationError} from '../../../src/operations/operation.ts';
import type {OperationOutput} from '../../../src/operations/table.ts';
import {ago, asOf, digest, drawn, GiB, MiB} from './drawn.ts';

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

export const refs: RefRow[] = [
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

export const list = ({repo}: {repo?: string}): OperationOutput<'refs.list'> => {
	const found = refs.filter(({repository}) => repository === repo);
	return {asOf, refs: found, total: {count: found.length, bytes: found.reduce((sum, {bytes}) => sum + bytes, 0)}};
};

export const top = ({by = 'exclusive', limit = 10}: {by?: keyof typeof orders; limit?: number}): OperationOutput<'top'> => ({
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

export const show = ({ref: name}: {ref: string}): OperationOutput<'refs.show'> => {
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

const orders = {
	imports: (a: RefRow, b: RefRow) => b.imports - a.imports,
	exclusive: (a: RefRow, b: RefRow) => b.exclusiveBytes - a.exclusiveBytes,
};

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
