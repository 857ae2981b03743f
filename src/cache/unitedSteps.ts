/** Which records of several caches are the same step, as BuildKit sees it when it loads them (BuildKit: cache/remotecache/v1/chains.go, Add). */
import type {CacheRecord} from './cacheConfig.ts';
import {distinct, type NumberedStep, numberedSteps, type Step, type Steps, type Way} from './numberedSteps.ts';

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
	const all = numberedSteps(lists);
	const joined = joinAll(all);
	const levels = levelsOf(joined.steps, all);
	const union = levels.includes(inLoop) ? condense(all.steps, separated(all, joined.stepOf, levels), all) : joined;
	return {
		stepOf: all.at.map(at => union.stepOf[at] as number),
		levels: union === joined ? levels : levelsOf(union.steps, all),
		format: (step, positions) => all.format(union.steps[step] as NumberedStep, positions),
	};
};

type Union = {steps: readonly NumberedStep[]; stepOf: Int32Array};

/** Joined steps have the ways of each, and so may be the same as further ones: until nothing changes. */
const joinAll = (all: Steps): Union => {
	// Links come first: nearly all is joined in the first round.
	let {leaders, isSettled} = joinOnce(all.steps, all);
	let union = condense(all.steps, leaders, all);
	for (let round = 1; !isSettled && round < maxRounds; round++) {
		({leaders, isSettled} = joinOnce(union.steps, all));
		const next = condense(union.steps, leaders, all);
		union = {steps: next.steps, stepOf: union.stepOf.map(at => next.stepOf[at] as number)};
	}
	return union;
};

// Real caches need two or three. One made to need thousands gets a union that is larger than it could be, and correct.
const maxRounds = 16;

/** `leaders`: for each step one of those that it is the same as, which stands for them all; itself if there is none. `isSettled`: no leader has got a way that it had not before. */
const joinOnce = (steps: readonly NumberedStep[], {digestCount, linkOf, moved}: Steps): {leaders: Int32Array; isSettled: boolean} => {
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
	const withLeader = (way: Way): Way => {
		leaderOf(linkOf(way));
		return moved(way, leaders);
	};

	const namesakes = new Int32Array(digestCount);
	for (const {digest} of steps) (namesakes[digest] as number)++;
	for (const [at, {digest, inputs}] of steps.entries()) {
		// In caches that have little in common, most are alone with their digest.
		if (namesakes[digest] === 1) continue;
		if (inputs.length === 0) {
			const first = sources.get(digest);
			if (first === undefined) sources.set(digest, at);
			else leaders[at] = first;
			continue;
		}
		const needs = inputs.map(ways => ways.map(withLeader));
		const others = users.ofAll(needs);
		if (others.length > 0) {
			const distinct = new Set(others.map(leaderOf));
			if (distinct.size > 1) isSettled = false;
			for (const other of distinct) leaders[leaderOf(at)] = other;
		}
		const leader = leaderOf(at);
		for (const ways of needs) for (const way of ways) if (users.add(way, leader) && leader !== at) isSettled = false;
	}
	return {leaders: leaders.map((_, at) => leaderOf(at)), isSettled};
};

/** Which steps each way is one of. */
const createUsers = () => {
	const first = new Map<Way, number>();
	// Few ways have more than one; for the others no list is made.
	const all = new Map<Way, number[]>();
	const of = (way: Way): readonly number[] => {
		const only = first.get(way);
		return only === undefined ? nobody : (all.get(way) ?? [only]);
	};
	return {
		/** Those that have for every input one of these ways. The input with the fewest users is gone through. */
		ofAll(inputs: readonly (readonly Way[])[]): readonly number[] {
			if (!inputs.every(ways => ways.some(way => first.has(way)))) return nobody;
			const lists = inputs.map(ways => (ways.length === 1 ? of(ways[0] as Way) : ways.flatMap(of)));
			const fewest = lists.reduce((best, list) => (list.length < best.length ? list : best));
			if (lists.length === 1) return fewest;
			const isIn = lists.map(membership);
			return fewest.filter(candidate => isIn.every(has => has(candidate)));
		},
		/** False where it is known already. */
		add(way: Way, step: number): boolean {
			const only = first.get(way);
			if (only === undefined) first.set(way, step);
			else {
				const known = all.get(way) ?? [only];
				if (known.includes(step) || known.length >= maxDoubles) return false;
				all.set(way, [...known, step]);
			}
			return true;
		},
	};
};

// A step has a handful of doubles at most; a document made to have thousands shall not cost minutes.
const maxDoubles = 64;
const nobody: readonly never[] = [];

/** Few are gone through; a document made to have a hundred thousand ways to meet one input shall not cost minutes. */
const membership = (list: readonly number[]): ((candidate: number) => boolean) => {
	if (list.length <= fewUsers) return candidate => list.includes(candidate);
	const all = new Set(list);
	return candidate => all.has(candidate);
};

const fewUsers = 16;

/** One step for each leader, in the order of the first that it stands for, with the ways of all of them. */
const condense = (steps: readonly NumberedStep[], leaders: Int32Array, {moved}: Steps): Union => {
	if (leaders.every((leader, at) => leader === at)) return {steps, stepOf: leaders};
	const numbers = new Int32Array(steps.length).fill(-1);
	const firsts: NumberedStep[] = [];
	const others = new Map<number, NumberedStep[]>();
	for (const [at, step] of steps.entries()) {
		const leader = leaders[at] as number;
		const number = numbers[leader] as number;
		const known = others.get(number);
		if (number === -1) numbers[leader] = firsts.push(step) - 1;
		else if (known) known.push(step);
		else others.set(number, [step]);
	}
	const stepOf = leaders.map(leader => numbers[leader] as number);
	const inUnion = (way: Way): Way => moved(way, stepOf);
	return {steps: firsts.map((step, number) => united(step, others.get(number) ?? nobody, inUnion)), stepOf};
};

const united = ({digest, inputs}: NumberedStep, others: readonly NumberedStep[], inUnion: (way: Way) => Way): NumberedStep => ({
	digest,
	inputs: inputs.map((ways, input) => {
		if (ways.length === 1) {
			const only = inUnion(ways[0] as Way);
			// Nearly always there is one way, which all have.
			if (others.every(other => other.inputs[input]?.every(way => inUnion(way) === only))) return [only];
		}
		return distinct([ways, ...others.map(other => other.inputs[input] ?? nobody)].flat().map(inUnion));
	}),
});

const inLoop = -1;

/** Sources have 0. Steps that need themselves, and those that need such, have `inLoop`. */
const levelsOf = (steps: readonly NumberedStep[], {linkOf}: Steps): Int32Array => {
	const levels = new Int32Array(steps.length);
	for (const [at, {inputs}] of steps.entries()) {
		for (const ways of inputs) {
			for (const way of ways) {
				const link = linkOf(way);
				// Nearly always they stand in an order already.
				if (link >= at) return levelsBySources(steps, linkOf);
				levels[at] = Math.max(levels[at] as number, (levels[link] as number) + 1);
			}
		}
	}
	return levels;
};

const levelsBySources = (steps: readonly NumberedStep[], linkOf: Steps['linkOf']): Int32Array => {
	const levels = new Int32Array(steps.length).fill(inLoop);
	const waits = new Int32Array(steps.length);
	const users: number[][] = steps.map(() => []);
	for (const [at, {inputs}] of steps.entries()) {
		for (const ways of inputs) {
			for (const way of ways) {
				users[linkOf(way)]?.push(at);
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
const separated = ({steps, moved}: Steps, stepOf: Int32Array, levels: Int32Array): Int32Array => {
	const first = new Map<string, number>();
	const leaders = new Int32Array(steps.length);
	for (const [at, {digest, inputs}] of steps.entries()) {
		const step = stepOf[at] as number;
		const waysKey = (ways: readonly Way[]) => [...new Set(ways.map(way => moved(way, leaders)))].sort().join();
		const key = levels[step] === inLoop ? `${digest}: ${inputs.map(waysKey).join(';')}` : `step ${step}`;
		const leader = first.get(key) ?? at;
		first.set(key, leader);
		leaders[at] = leader;
	}
	return leaders;
};
