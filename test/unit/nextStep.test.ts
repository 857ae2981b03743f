/** What becomes of one object: each rule of the machine, and what would be lost without it. */
import test from 'ava';
import {mayBeDue, nextStep, type Standing} from '../../src/gc/nextStep.ts';

const lifetimes = {graceMs: 1000, quarantineMs: 10_000, deleteWindowMs: 100, deleteSlackMs: 10};
const markedAt = new Date('2026-03-01T00:00:00Z');
const ago = (ms: number) => new Date(markedAt.getTime() - ms);

type Given = {needed?: boolean; age?: number; state?: 'condemned' | 'rescued' | 'deleting' | 'free'; since?: number};
/** `age` undefined: the object is gone. */
const step = ({needed = false, age, state, since = 0}: Given) => {
	const standing: Standing = {
		markedAt,
		needed,
		modified: age === undefined ? undefined : ago(age),
		tombstone: state && {state, modified: ago(since)},
	};
	return nextStep(standing, lifetimes);
};

test('what nothing needs is condemned when it is older than the grace, and not before', t => {
	t.is(step({age: 1001}), 'condemn');
	t.is(step({age: 1000}), undefined);
	t.is(step({age: -5}), undefined);
	t.is(step({age: 99_999, needed: true}), undefined);
	t.is(step({}), undefined);
});

test('what was condemned is deleted a quarantine before the start of the mark, and not before', t => {
	t.is(step({age: 99_999, state: 'condemned', since: 10_001}), 'delete');
	t.is(step({age: 99_999, state: 'condemned', since: 10_000}), undefined);
	t.is(step({age: 99_999, state: 'condemned', since: -3}), undefined);
});

test('what was condemned and is needed, was pushed again, or is gone, is free after its quarantine', t => {
	t.is(step({age: 99_999, needed: true, state: 'condemned', since: 10_001}), 'free');
	t.is(step({age: 500, state: 'condemned', since: 10_001}), 'free');
	t.is(step({state: 'condemned', since: 10_001}), 'free');
	t.is(step({age: 99_999, needed: true, state: 'condemned', since: 9000}), undefined);
});

test('what was rescued and is not made use of is condemned again, and never deleted at once', t => {
	t.is(step({age: 99_999, state: 'rescued', since: 1001}), 'condemn');
	t.is(step({age: 99_999, state: 'rescued', since: 99_999}), 'condemn');
	t.is(step({age: 99_999, state: 'rescued', since: 900}), undefined);
	t.is(step({age: 99_999, needed: true, state: 'rescued', since: 10_001}), 'free');
	t.is(step({age: 99_999, needed: true, state: 'rescued', since: 9000}), undefined);
});

test('a deletion that did not come to its end is begun again when its window is over', t => {
	t.is(step({age: 99_999, state: 'deleting', since: 110}), undefined);
	t.is(step({age: 99_999, state: 'deleting', since: 111}), 'delete');
	t.is(step({age: 99_999, needed: true, state: 'deleting', since: 9000}), undefined);
});

test('the tombstone of what is gone is free after a quarantine, and then goes itself', t => {
	t.is(step({state: 'deleting', since: 10_000}), undefined);
	t.is(step({state: 'deleting', since: 10_001}), 'free');
	t.is(step({state: 'free', since: 10_000}), undefined);
	t.is(step({state: 'free', since: 10_001}), 'drop');
});

test('what has a free tombstone is condemned as if it had none', t => {
	t.is(step({age: 1001, state: 'free', since: 0}), 'condemn');
	t.is(step({age: 1000, state: 'free', since: 0}), undefined);
});

test('a tombstone that is too young for any step to follow need not be read', t => {
	for (const state of ['condemned', 'rescued', 'free'] as const)
		for (const needed of [true, false])
			for (const since of [0, 500, 1000]) {
				t.false(mayBeDue(markedAt, {modified: ago(since)}, lifetimes));
				if (state !== 'free' || needed) t.is(step({age: 99_999, needed, state, since}), undefined);
			}
	t.true(mayBeDue(markedAt, {modified: ago(1001)}, lifetimes));
});
