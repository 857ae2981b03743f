/** What is kept of days that are long over. A pure function. */
import type {Tag} from 'oci-spec-types';
import {type Day, daysBefore} from '../lib/days.ts';
import {firstDetailedDay} from './days.ts';
import {addLedger, addNumbers, countersOf, type Ledger, noTotalNumbers, type RefCounters, totalColumns} from './ledger.ts';

/** The same ledger with the totals of old days, the sums and last times of their refs and layers, and of the last days everything. */
export const condensed = (ledger: Ledger, today: Day): Ledger => {
	const since = firstDetailedDay(today);
	const oldestTotals = daysBefore(today, keptDays.totals);
	const result: Ledger = new Map();
	for (const [period, repositories] of ledger) {
		if (period !== 'earlier' && period >= since) {
			addLedger(result, new Map([[period, repositories]]));
			continue;
		}
		for (const [repo, {totals, refs, layers}] of repositories) {
			if (period !== 'earlier' && period >= oldestTotals) addNumbers(totalColumns, countersOf(result, period, repo).totals, totals);
			const sums = {totals: noTotalNumbers(), clients: new Map(), refs: withoutClients(refs), layers};
			addLedger(result, new Map([['earlier', new Map([[repo, sums]])]]));
		}
	}
	for (const {refs, layers} of result.get('earlier')?.values() ?? []) {
		forget(refs, ({uses}) => Math.max(uses.lastPushed, uses.lastImported, uses.lastRead), daysBefore(today, keptDays.refs));
		forget(layers, ({lastFetched}) => lastFetched, daysBefore(today, keptDays.layers));
	}
	return result;
};

const withoutClients = (refs: ReadonlyMap<Tag, RefCounters>) =>
	new Map([...refs].map(([tag, {uses}]): [Tag, RefCounters] => [tag, {uses, clients: new Map()}]));

const forget = <K, V>(map: Map<K, V>, lastUse: (value: V) => number, oldest: Day): void => {
	const seconds = Date.parse(oldest) / 1000;
	for (const [key, value] of map) if (lastUse(value) < seconds) map.delete(key);
};

/** So long something is remembered that is not used any more. */
const keptDays = {totals: 400, refs: 400, layers: 100};
