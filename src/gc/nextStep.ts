/** What becomes of one object in this cycle: a decision on its age, on whether anything needs it, and on its tombstone. */
import type {Lifetimes} from '../registry/lifetimes.ts';
import type {TombstoneState} from '../registry/tombstones.ts';

/** All dates by the store's clock. */
export type Standing = {
	/** Before the mark began that found it needed or not. */
	markedAt: Date;
	/** Undefined where there is no such object (any more). */
	modified: Date | undefined;
	/** By the marks; what is young is needed anyway. */
	needed: boolean;
	tombstone: {state: TombstoneState; modified: Date} | undefined;
};

/** `condemn`: for the first time, or again. `delete`: the object. `drop`: the tombstone. */
export type Step = 'condemn' | 'free' | 'delete' | 'drop';

export type StepLifetimes = Pick<Lifetimes, 'graceMs' | 'quarantineMs' | 'deleteWindowMs' | 'deleteSlackMs'>;

/** Undefined: nothing, for now. design.md, section 5; each line is a rule without which something is lost, or stays for ever. */
export const nextStep = ({markedAt, modified, needed, tombstone}: Standing, lifetimes: StepLifetimes): Step | undefined => {
	const age = (at: Date) => markedAt.getTime() - at.getTime();
	const isUnneeded = modified !== undefined && !needed && age(modified) > lifetimes.graceMs;
	if (!tombstone) return isUnneeded ? 'condemn' : undefined;
	// Before the start of this mark: who rescued it since has swapped the tombstone, and who rescued it before is seen by the mark.
	const isOver = age(tombstone.modified) > lifetimes.quarantineMs;
	switch (tombstone.state) {
		case 'condemned':
			if (!isOver) return undefined;
			return isUnneeded ? 'delete' : 'free';
		case 'rescued':
			// Never straight to deleting: who relied on it a moment ago is not seen by the mark yet.
			if (isUnneeded && age(tombstone.modified) > lifetimes.graceMs) return 'condemn';
			return isOver ? 'free' : undefined;
		case 'deleting':
			// Whoever began it did not come to its end.
			if (isUnneeded && age(tombstone.modified) > lifetimes.deleteWindowMs + lifetimes.deleteSlackMs) return 'delete';
			return isOver ? 'free' : undefined;
		case 'free':
			if (isUnneeded) return 'condemn';
			return isOver ? 'drop' : undefined;
	}
};

/** Whether any step may follow from what a tombstone of this age says. A younger one need not be read, but to see a little sooner that it was rescued. */
export const mayBeDue = (markedAt: Date, tombstone: {modified: Date}, {graceMs, quarantineMs}: StepLifetimes): boolean =>
	markedAt.getTime() - tombstone.modified.getTime() > Math.min(graceMs, quarantineMs);
