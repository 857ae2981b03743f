/** How each operation's answer is told to people, what would go by it, and when it counts as a failure. */
import type {OperationName, OperationOutput} from '../../operations/table.ts';
import type {Outcome} from '../exitCodes.ts';
import type {Paint} from '../terminal.ts';
import {auditEntries} from './audit.ts';
import {cyclePreview, cycleRun, cycleStatus, verification} from './collection.ts';
import {handOverList, handOversDropped, handOversHastened} from './handOvers.ts';
import {findings} from './health.ts';
import {refDescription, refDifference, refList, refProtection} from './refs.ts';
import {deletion, deletionByName, retentionPreview} from './removals.ts';
import {newToken, revokedToken, tokenList} from './tokens.ts';
import {topList, usageReport} from './usage.ts';

export type Rendering<N extends OperationName> = {
	text(output: OperationOutput<N>, paint: Paint): readonly string[];
	/** Of one that removes, after a dry run. `anyway`: it does more than remove, and is run where nothing goes, too. */
	going?(output: OperationOutput<N>): {count: number; question: string; plan?: string; anyway?: true};
	/** `ok` where there is none. */
	outcome?(output: OperationOutput<N>): Outcome;
};

export const renderings: {readonly [N in OperationName]: Rendering<N>} = {
	'refs.list': refList,
	'refs.show': refDescription,
	'refs.diff': refDifference,
	'refs.protect': refProtection,
	'refs.delete': deletionByName,
	prune: deletion,
	'retention.preview': retentionPreview,
	'retention.apply': deletion,
	'gc.preview': cyclePreview,
	'gc.run': cycleRun,
	'gc.status': cycleStatus,
	'handovers.list': handOverList,
	'handovers.retry': handOversHastened,
	'handovers.drop': handOversDropped,
	usage: usageReport,
	top: topList,
	'audit.list': auditEntries,
	'tokens.create': newToken,
	'tokens.list': tokenList,
	'tokens.revoke': revokedToken,
	verify: verification,
	doctor: findings,
};
