/** What lies in the store, as the collector's last report tells it. */
import type {Instruments} from './instruments.ts';

export type StoreContents = {
	totals: {repositories: number; bytes: number; blobs: number};
	/** The largest at least. */
	repositories: readonly Holding[];
	budgets: readonly {match: string; size: number; used: number}[];
};
type Holding = {repo: string; bytes: number; blobs: number};

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
		setContents({totals, repositories: all, budgets}: StoreContents) {
			stored.set(totals.bytes);
			blobs.set(totals.blobs);
			repositories.set(totals.repositories);
			repositoryBytes.reset();
			repositoryBlobs.reset();
			for (const {repo, ...holds} of largest(all, totals)) {
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

const largest = (all: readonly Holding[], totals: StoreContents['totals']): readonly Holding[] => {
	const shown = all.toSorted((a, b) => b.bytes - a.bytes).slice(0, shownRepositories);
	if (totals.repositories <= shown.length) return shown;
	const rest = (what: 'bytes' | 'blobs') => shown.reduce((left, holding) => left - holding[what], totals[what]);
	// No repository has an underscore at its beginning.
	return [...shown, {repo: '_others', bytes: rest('bytes'), blobs: rest('blobs')}];
};
