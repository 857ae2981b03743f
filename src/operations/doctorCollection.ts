/** What `doctor` says of the collector: whether somebody collects, who, and whether the last cycle was long ago. */
import type {Settings} from '../config/settings.ts';
import {formatDuration} from '../config/units.ts';
import {readLease} from '../gc/lease.ts';
import {createReports} from '../gc/report.ts';
import type {Lifetimes} from '../registry/lifetimes.ts';
import type {ObjectStore} from '../storage/objectStore.ts';
import type {Finding} from './doctor.ts';

export async function* examineCollection(store: ObjectStore, {gcEveryMs}: Settings, {leaseMs}: Lifetimes): AsyncGenerator<Finding> {
	const check = 'collector';
	const [[last], lease, now] = await Promise.all([createReports(store).read({limit: 1}), readLease(store, leaseMs), store.now()]);
	if (gcEveryMs === undefined) {
		const advice = 'let a timer run `layercache gc run`, or nothing is ever deleted';
		yield {check, state: 'note', fact: 'LAYERCACHE_GC_EVERY=never: no server collects by itself', advice};
	}
	if (lease && !lease.expired) yield {check, state: 'ok', fact: `${lease.holder} collects just now`};
	if (!last) return yield {check, state: 'ok', fact: 'no cycle has ended yet'};

	const agoMs = now.getTime() - Date.parse(last.endedAt);
	const fact = `the last cycle ended ${formatDuration(agoMs)} ago`;
	const isLate = gcEveryMs !== undefined && agoMs > lateAfter * gcEveryMs + hourMs;
	yield isLate
		? {check, state: 'note', fact, advice: 'see whether a server runs, and what its log says of the collection'}
		: {check, state: 'ok', fact};
	const [problem, ...more] = last.problems;
	if (problem === undefined) return;
	const others = more.length > 0 ? `, and ${more.length} more` : '';
	yield {check, state: 'note', fact: `it left something alone: ${problem}${others}`, advice: '`layercache gc status` tells all'};
}

const lateAfter = 3;
const hourMs = 3_600_000;
