/** What operations ask of the collector. */
import type {PlannedDeletion} from '../gc/plan.ts';
import type {CycleReport} from '../gc/report.ts';
import type {Removal} from '../registry/removal.ts';
import type {RunContext} from './operation.ts';

export type Collection = {
	/** What the next cycles would do, if nothing is pushed or imported meanwhile; it changes nothing. */
	preview(context: RunContext): Promise<CollectionPreview>;
	/** One cycle, now. Throws OperationError `busy` where another one is under way. */
	run(context: RunContext): Promise<CycleReport>;
	status(): Promise<CollectionStatus>;
};

/** `removals`: what retention lets go in the same cycle. */
export type CollectionPreview = {asOf: Date; removals: readonly Removal[]; planned: readonly PlannedDeletion[]};

/** Times are the store's. */
export type CollectionStatus = {
	lease?: {holder: string; renewedAt: Date; expired: boolean};
	/** `repository`: the last that was done with. */
	running?: {startedAt: Date; repository?: string; repositories: number};
};
