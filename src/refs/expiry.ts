/** When tags go by `expire` and `keep.newest`: once every condition of their rule holds. */
import type {Tag} from 'oci-spec-types';
import type {RefRule} from '../config/policy.ts';
import {formatDuration} from '../config/units.ts';
import {inByteOrder} from '../lib/byteOrder.ts';
import type {LiveRef} from './liveRefs.ts';
import {type RefUse, type RepositoryUsage, useOf} from './refUse.ts';

/** `because` tells what was measured of each condition. */
export type Expiring = {ref: LiveRef; at: Date; because: string; rule: RefRule};

/** Of the refs of one repository those that go now or, if nothing happens, some day. Protected ones never do. */
export const expiryOf = (refs: readonly LiveRef[], usage: RepositoryUsage | undefined, now: Date): readonly Expiring[] => {
	const candidates = refs.flatMap(ref => {
		const rule = ref.decision.decidedBy.expire;
		return rule && !ref.protectedBy ? [{ref, rule, use: useOf(ref.tag, ref.pushedAt, usage)}] : [];
	});
	return [...Map.groupBy(candidates, ({rule}) => rule)].flatMap(([rule, decided]) =>
		decided.toSorted(newestFirst).flatMap(({ref, use}, place) => {
			const conditions = conditionsOf(ref, use, place, now);
			if (conditions.length === 0 || conditions.some(({from}) => from === undefined)) return [];
			const at = new Date(Math.max(...conditions.map(({from}) => (from as Date).getTime())));
			const moment = at > now ? at : now;
			return [{ref, at, rule, because: conditions.map(({tell}) => tell(moment)).join(' and ')}];
		}),
	);
};

const newestFirst = (a: {ref: {tag: Tag}; use: RefUse}, b: {ref: {tag: Tag}; use: RefUse}): number =>
	b.use.pushedAt.getTime() - a.use.pushedAt.getTime() || inByteOrder(a.ref.tag, b.ref.tag);

/** From when on it holds; never, as far as can be told, where there is no time. */
type Condition = {from: Date | undefined; tell(moment: Date): string};

/** `place` counts from 0, newest first, among those that the rule decides about. */
const conditionsOf = ({decision}: LiveRef, {pushedAt, idleSince}: RefUse, place: number, now: Date): readonly Condition[] => {
	const {ageMs, idleMs, newest} = decision.behaviour.expire ?? {};
	const since = (start: Date | undefined, limitMs: number, name: string, what: string): Condition => ({
		from: start && new Date(start.getTime() + limitMs),
		tell: moment => `${what} ${formatDuration(start ? moment.getTime() - start.getTime() : 0)} ago (${name}: ${formatDuration(limitMs)})`,
	});
	return [
		...(ageMs === undefined ? [] : [since(pushedAt, ageMs, 'age', 'pushed')]),
		...(idleMs === undefined ? [] : [since(idleSince, idleMs, 'idle', 'last used')]),
		...(newest === undefined
			? []
			: [{from: place < newest ? undefined : now, tell: () => `number ${place + 1}, newest first (newest: ${newest})`}]),
	];
};
