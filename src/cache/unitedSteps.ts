/** Which records of several caches are the same step, as BuildKit sees it when it loads them (BuildKit: cache/remotecache/v1/chains.go, Add). */
import type {CacheRecord} from './cacheConfig.ts';
import {recordsInOrder} from './cacheOrder.ts';
import {type NumberedStep, numberedSteps, type Step, type Way} from './numberedSteps.ts';

/** `stepOf` tells for each record, counted through all lists, which step it is; `levels` for each step how many others lie on the longest way to a source. */
export type UnitedSteps = {
	stepOf: Int32Array;
	levels: Int32Array;
	/** A step with the ways of all the records that it is, its links moved to where `positions` says that those steps are. */
	format(step: number, positions: Int32Array): Step;
};

/**
 * The same are sources of one digest; and steps of one digest each of whose inputs can be met by the same step in some
 * way. They become one step, which has the ways of all. This is the smallest such relation, so it does not depend on
 * the order of the records. Where it would make a step need itself, steps stay apart unless they are equal in all:
 * BuildKit drops links there, and hits with them.
 */
export const uniteSteps = (lists: readonly (readonly CacheRecord[])[]): UnitedSteps => {
	const {steps, format} = numberedSteps(lists);
	const order = recordsInOrder(steps);
	const joined = joinAll(steps, order);
	const levels = levelsOf(joined.steps);
	const union = levels.includes(inLoop) ? condense(steps, order, separated(steps, order, joined.stepOf, levels)) : joined;
	return {
		stepOf: union.stepOf,
		levels: union === joined ? levels : levelsOf(union.steps),
		format: (step, positions) => format(union.steps[step] as NumberedStep, positions),
	};
};

type Union = {steps: readonly NumberedStep[]; stepOf: Int32Array};

/** Joined steps have the ways of each, and so may be the same as further ones: until nothing changes. */
const joinAll = (all: readonly NumberedStep[], order: readonly number[]): Union => {
	// Links first: then nearly all is joined in the first round.
	let {leaders, isSettled} = joinOnce(all, order);
	let union = condense(all, order, leaders);
	for (let round = 1; !isSettled && round < maxRounds; round++) {
		const inOrder = [...union.steps.keys()];
		({leaders, isSettled} = joinOnce(union.steps, inOrder));
		const next = condense(union.steps, inOrder, leaders);
		union = {steps: next.steps, stepOf: union.stepOf.map(at => next.stepOf[at] as number)};
	}
	return union;
};

// Real caches need two or three. One made to need thousands gets a union that is larger than it could be, and correct.
const maxRounds = 16;

/** `leaders`: for each step one of those that it is the same as, which stands for them all; itself if there is none. `isSettled`: no leader has got a way that it had not before. */
const joinOnce = (steps: readonly NumberedStep[], order: readonly number[]): {leaders: Int32Array; isSettled: boolean} => {
	const leaders = Int32Array.from(steps.keys());
	let isSettled = true;
	const leaderOf = (at: number): number => {
		let leader = at;
		while (leaders[leader] !== leader) leader = leaders[leader] as number;
		leaders[at] = leader;
		return leader;
	};
	const sources = new Map<number, number>();
	const users = createUsers();
	const keyOf = ({use, link}: Way): number => use * steps.length + leaderOf(link);

	for (const at of order) {
		const {digest, inputs} = steps[at] as NumberedStep;
		if (inputs.length === 0) {
			const first = sources.get(digest);
			if (first === undefined) sources.set(digest, at);
			else leaders[at] = first;
			continue;
		}
		const keys = inputs.map(ways => ways.map(keyOf));
		const others = inAll(keys.map(ways => ways.map(users.of)));
		if (others.length > 0) {
			const distinct = new Set(others.map(leaderOf));
			if (distinct.size > 1) isSettled = false;
			for (const other of distinct) leaders[leaderOf(at)] = other;
		}
		const leader = leaderOf(at);
		for (const ways of keys) for (const key of ways) if (users.add(key, leader) && leader !== at) isSettled = false;
	}
	return {leaders: leaders.map((_, at) => leaderOf(at)), isSettled};
};

/** Which steps each way is one of, by the way's key. */
const createUsers = () => {
	const first = new Map<number, number>();
	// Few ways have more than one; for the others no list is made.
	const all = new Map<number, number[]>();
	return {
		of(key: number): readonly number[] {
			const only = first.get(key);
			return only === undefined ? nobody : (all.get(key) ?? [only]);
		},
		/** False where it is known already. */
		add(key: number, step: number): boolean {
			const only = first.get(key);
			if (only === undefined) first.set(key, step);
			else {
				const known = all.get(key) ?? [only];
				if (known.includes(step) || known.length >= maxDoubles) return false;
				all.set(key, [...known, step]);
			}
			return true;
		},
	};
};

// A step has a handful of doubles at most; a document made to have thousands shall not cost minutes.
const maxDoubles = 64;
const nobody: readonly number[] = [];

/** Those that are for every input in one of its lists, some more than once. The input with the fewest is gone through. */
const inAll = (inputs: readonly (readonly (readonly number[])[])[]): readonly number[] => {
	const [first = []] = inputs;
	if (inputs.length === 1) return first.length === 1 ? (first[0] ?? nobody) : first.flat();
	const fewest = inputs.reduce((best, lists) => (total(lists) < total(best) ? lists : best), first);
	const isIn = inputs.map(membership);
	return fewest.flat().filter(candidate => isIn.every(has => has(candidate)));
};

/** Few are gone through; a document made to have a hundred thousand ways to meet one input shall not cost minutes. */
const membership = (lists: readonly (readonly number[])[]): ((candidate: number) => boolean) => {
	if (lists.length <= fewLists) return candidate => lists.some(list => list.includes(candidate));
	const all = new Set(lists.flat());
	return candidate => all.has(candidate);
};

const fewLists = 4;

const total = (lists: readonly (readonly number[])[]): number => lists.reduce((sum, {length}) => sum + length, 0);

/** One step for each leader, in this order, with the ways of all that it stands for. */
const condense = (steps: readonly NumberedStep[], order: readonly number[], leaders: Int32Array): Union => {
	const numbers = new Int32Array(steps.length).fill(-1);
	const members: number[][] = [];
	for (const at of order) {
		const leader = leaders[at] as number;
		if (numbers[leader] === -1) numbers[leader] = members.push([]) - 1;
		members[numbers[leader] as number]?.push(at);
	}
	const stepOf = leaders.map(leader => numbers[leader] as number);
	return {
		steps: members.map(ats =>
			united(
				ats.map(at => steps[at] as NumberedStep),
				stepOf,
			),
		),
		stepOf,
	};
};

const united = ([first, ...others]: readonly NumberedStep[], stepOf: Int32Array): NumberedStep => {
	const {digest, inputs} = first as NumberedStep;
	const moved = ({use, link}: Way): Way => ({use, link: stepOf[link] as number});
	const isSame = (way: Way, other: Way) => way.use === other.use && stepOf[way.link] === stepOf[other.link];
	return {
		digest,
		inputs: inputs.map((ways, input) => {
			const [only, ...further] = ways;
			// Nearly always there is one way, which all have.
			if (only && further.length === 0 && others.every(other => other.inputs[input]?.every(way => isSame(way, only)))) return [moved(only)];
			const all = [ways, ...others.map(other => other.inputs[input] ?? [])].flat();
			return [...new Map(all.map(way => [way.use * stepOf.length + (stepOf[way.link] as number), moved(way)])).values()];
		}),
	};
};

const inLoop = -1;

/** Sources have 0. Steps that need themselves, and those that need such, have `inLoop`. */
const levelsOf = (steps: readonly NumberedStep[]): Int32Array => {
	const levels = new Int32Array(steps.length);
	for (const [at, {inputs}] of steps.entries()) {
		for (const ways of inputs) {
			for (const {link} of ways) {
				// Nearly always they stand in an order already.
				if (link >= at) return levelsBySources(steps);
				levels[at] = Math.max(levels[at] as number, (levels[link] as number) + 1);
			}
		}
	}
	return levels;
};

const levelsBySources = (steps: readonly NumberedStep[]): Int32Array => {
	const levels = new Int32Array(steps.length).fill(inLoop);
	const waits = new Int32Array(steps.length);
	const users: number[][] = steps.map(() => []);
	for (const [at, {inputs}] of steps.entries()) {
		for (const ways of inputs) {
			for (const {link} of ways) {
				users[link]?.push(at);
				(waits[at] as number)++;
			}
		}
	}
	let level = [...steps.keys()].filter(at => waits[at] === 0);
	for (let depth = 0; level.length > 0; depth++) {
		for (const at of level) levels[at] = depth;
		level = level.flatMap(at => users[at] ?? []).filter(user => --(waits[user] as number) === 0);
	}
	return levels;
};

/** As leaders: a step of a loop stands only for those that have the very same ways. */
const separated = (steps: readonly NumberedStep[], order: readonly number[], stepOf: Int32Array, levels: Int32Array): Int32Array => {
	const first = new Map<string, number>();
	const leaders = new Int32Array(steps.length);
	for (const at of order) {
		const {digest, inputs} = steps[at] as NumberedStep;
		const step = stepOf[at] as number;
		const waysKey = (ways: readonly Way[]) => [...new Set(ways.map(({use, link}) => `${use} ${leaders[link]}`))].sort().join();
		const key = levels[step] === inLoop ? `${digest}: ${inputs.map(waysKey).join(';')}` : `step ${step}`;
		const leader = first.get(key) ?? at;
		first.set(key, leader);
		leaders[at] = leader;
	}
	return leaders;
};
