/** How each operation is done with what an administration has. */
import type {Administration} from '../administration.ts';
import type {Runs} from '../operations.ts';
import {createAuditRuns} from './audit.ts';
import {createCollectionRuns} from './collection.ts';
import {createHandOverRuns} from './handOvers.ts';
import {createHealthRuns} from './health.ts';
import {createRefRuns} from './refs.ts';
import {createRemovalRuns} from './removals.ts';
import {createTokenRuns} from './tokens.ts';
import {createUsageRuns} from './usage.ts';

export const createRuns = (administration: Administration): Runs => ({
	...createRefRuns(administration),
	...createRemovalRuns(administration),
	...createCollectionRuns(administration),
	...createHandOverRuns(administration),
	...createUsageRuns(administration),
	...createHealthRuns(administration),
	...createAuditRuns(administration),
	...createTokenRuns(administration),
});
