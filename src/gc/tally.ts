/** Adds up what a cycle sees and does, and makes its report. */
import type {RepositoryInventory} from '../registry/inventory.ts';
import type {Removal} from '../registry/removal.ts';
import type {RepositoryStanding} from './collectRepository.ts';
import type {CycleReport, Sizes} from './report.ts';
import type {BudgetUse} from './retention.ts';
import type {Deed} from './settle.ts';

export type Tally = ReturnType<typeof createTally>;

export const createTally = () => {
	const totals = {repositories: 0, bytes: 0, blobs: 0, manifests: 0, tags: 0, unreferencedBytes: 0, condemnedBytes: 0};
	const repositories: CycleReport['repositories'] = [];
	const none = () => ({objects: 0, bytes: 0});
	const did = {condemned: none(), recondemned: none(), freed: none(), deleted: none()};
	const reasons = new Map<string, CycleReport['reasons'][number]>();
	const removed: CycleReport['removed'] = [];
	const problems: string[] = [];
	let removedCount = 0;
	let letGoBytes = 0;
	let condemnedObjects = 0;

	const addReason = (done: 'condemned' | 'deleted', reason: string, bytes: number) => {
		const known = reasons.has(done + reason) || reasons.size < mostReasons;
		const name = known ? reason : 'others';
		const row = reasons.get(done + name) ?? {did: done, reason: name, ...none()};
		reasons.set(done + name, add(row, bytes));
	};

	const afterwards = (before: number, of: 'objects' | 'bytes') => Math.max(0, before + did.condemned[of] - did.deleted[of]);

	return {
		saw(
			{repo, tags, manifests, blobs, damaged}: RepositoryInventory,
			{condemnedObjects: condemned, ...standing}: RepositoryStanding,
		): void {
			condemnedObjects += condemned;
			const live = [...tags.values()].filter(({deleted}) => !deleted).length;
			const bytes = [...manifests.values()].reduce((sum, {size}) => sum + size, blobs.bytes);
			const sizes: Sizes = {bytes, blobs: blobs.count, manifests: manifests.size, tags: live, ...standing};
			totals.repositories += 1;
			for (const name of sizeNames) totals[name] += sizes[name];
			repositories.push({repo, ...sizes});
			if (damaged.length > 0 && problems.length < mostProblems)
				problems.push(`${repo} was left alone: ${damaged[0]?.problem}${damaged.length > 1 ? `, and ${damaged.length - 1} more` : ''}`);
		},

		did({did: step, bytes, reason, again}: Deed): void {
			if (step === 'condemn') {
				add(again ? did.recondemned : did.condemned, bytes);
				addReason('condemned', reason, bytes);
			}
			if (step === 'free') add(did.freed, bytes);
			if (step === 'delete') {
				add(did.deleted, bytes);
				addReason('deleted', reason, bytes);
			}
		},

		removed({repo, kind, tag, digest, reason, exclusiveBytes}: Removal): void {
			removedCount += 1;
			if (kind === 'tag') letGoBytes += exclusiveBytes;
			if (removed.length < mostRemoved) removed.push({repo, kind, tag, digest, reason, bytes: exclusiveBytes});
		},

		/** Objects in quarantine now. */
		condemned: () => afterwards(condemnedObjects, 'objects'),

		report: (startedAt: Date, endedAt: Date, {resumed, budgets}: {resumed: boolean; budgets: readonly BudgetUse[]}): CycleReport => ({
			startedAt: startedAt.toISOString(),
			endedAt: endedAt.toISOString(),
			resumed,
			totals: {...totals, condemnedBytes: afterwards(totals.condemnedBytes, 'bytes')},
			repositories: repositories.toSorted((a, b) => b.bytes - a.bytes).slice(0, mostRepositories),
			did,
			reasons: [...reasons.values()].toSorted((a, b) => b.bytes - a.bytes),
			removed,
			removedCount,
			letGoBytes,
			budgets: [...budgets],
			problems,
		}),
	};
};

const sizeNames = ['bytes', 'blobs', 'manifests', 'tags', 'unreferencedBytes', 'condemnedBytes'] as const;
const mostRepositories = 1000;
const mostRemoved = 1000;
const mostReasons = 200;
const mostProblems = 100;

const add = <T extends {objects: number; bytes: number}>(row: T, bytes: number): T => {
	row.objects += 1;
	row.bytes += bytes;
	return row;
};
