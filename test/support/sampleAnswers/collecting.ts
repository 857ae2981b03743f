/** What retention would remove, what a prune removes, and what the collector has done. */
import type {OperationOutput} from '../../../src/operations/table.ts';
import {ago, asOf, digest, GiB, MiB} from './drawn.ts';
import {refs} from './refs.ts';

export const retention = (): OperationOutput<'retention.preview'> => ({
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

export const prune = ({dryRun = false, tag = ''}: {dryRun?: boolean; tag?: string}): OperationOutput<'prune'> => {
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

export const status = (): OperationOutput<'gc.status'> => ({
	everySeconds: 3600,
	graceSeconds: 3 * 86_400,
	quarantineSeconds: 3 * 86_400,
	lease: {holder: 'replica-2', renewedAt: ago(0.011), expired: false},
	last: {...cycle(0.3, 1.4), removed: []},
	earlier: [1, 2, 3, 4, 5].map(hours => cycle(hours, hours % 2 ? 0.8 : 0)),
	nextAt: ago(-0.7 / 24),
});

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
