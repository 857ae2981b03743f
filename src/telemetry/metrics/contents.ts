/** What lies in the store, as the collector's last report tells it. */
import type {Instruments} from './instruments.ts';

export type StoreContents = {
	repositories: readonly {repo: string; bytes: number; blobs: number}[];
	budgets: readonly {match: string; size: number; used: number}[];
};

export const createContentsMetrics = ({gauge}: Instruments) => {
	const stored = gauge('layercache_stored_bytes', 'Bytes in the store.', 'max');
	const blobs = gauge('layercache_stored_blobs', 'Blobs in the store.', 'max');
	const repositories = gauge('layercache_repositories', 'Repositories in the store.', 'max');
	const repositoryBytes = gauge(
		'layercache_repository_bytes',
		`Bytes of the ${shownRepositories} largest repositories, and of all others together.`,
		'max',
		'repository',
	);
	const repositoryBlobs = gauge('layercache_repository_blobs', 'Blobs of the same repositories.', 'max', 'repository');
	const budgetSize = gauge('layercache_budget_size_bytes', 'What the policy grants a set of refs.', 'max', 'budget');
	const budgetUsed = gauge('layercache_budget_used_bytes', 'What those refs take.', 'max', 'budget');

	return {
		setContents({repositories: all, budgets}: StoreContents) {
			stored.set(sum(all, 'bytes'));
			blobs.set(sum(all, 'blobs'));
			repositories.set(all.length);
			repositoryBytes.reset();
			repositoryBlobs.reset();
			for (const {repo, ...holds} of largest(all)) {
				repositoryBytes.set({repository: repo}, holds.bytes);
				repositoryBlobs.set({repository: repo}, holds.blobs);
			}
			budgetSize.reset();
			budgetUsed.reset();
			for (const {match, size, used} of budgets) {
				budgetSize.set({budget: match}, size);
				budgetUsed.set({budget: match}, used);
			}
		},
	};
};

// Each is a series for as long as Prometheus keeps any, and whoever pushes makes repositories.
const shownRepositories = 20;

type Holding = StoreContents['repositories'][number];

const largest = (all: readonly Holding[]): readonly Holding[] => {
	const sorted = all.toSorted((a, b) => b.bytes - a.bytes);
	const others = sorted.slice(shownRepositories);
	const shown = sorted.slice(0, shownRepositories);
	// No repository has an underscore at its beginning.
	return others.length === 0 ? shown : [...shown, {repo: '_others', bytes: sum(others, 'bytes'), blobs: sum(others, 'blobs')}];
};

const sum = (all: readonly Holding[], what: 'bytes' | 'blobs') => all.reduce((total, holding) => total + holding[what], 0);
