/** Which records of several caches are the same step, as BuildKit sees it when it loads them (BuildKit: cache/remotecache/v1/chains.go, Add). */
import type {CacheRecord} from './cacheConfig.ts';
import {recordsInOrder} from './cacheOrder.ts';

/** A record without what it gives. Links are indexes into the same list. */
export type Step = Pick<CacheRecord, 'digest' | 'inputs'>;

/**
 * For each step a number from 0 up that it shares with those which are the same: sources of one digest; and steps of
 * one digest each of whose inputs can be met by the same step in some way. This is the smallest such relation, so it
 * does not depend on the order of the steps. Where it would make a step need itself, the steps stay apart unless they
 * are equal in all: BuildKit drops links there, and hits with them.
 */
export const sameSteps = (steps: readonly Step[]): {classes: Int32Array; count: number} => {
	const order = recordsInOrder(steps);
	const numbered = numberedSteps(steps);
	const joined = joinAll(numbered, order);
	const loops = findLoops(joined.steps);
	return loops ? separate(numbered, order, joined.classes, loops) : {classes: joined.classes, count: joined.steps.length};
};

/** Digests (with the number of inputs) and selectors as numbers: they are compared a great many times. */
type NumberedStep = {digest: number; inputs: {selector: number; link: number}[][]};

const numberedSteps = (steps: readonly Step[]): NumberedStep[] => {
	const digests = createNumbers();
	const selectors = createNumbers();
	return steps.map(({digest, inputs}) => ({
		digest: digests(`${inputs.length} ${digest}`),
		inputs: inputs.map(ways => ways.map(({selector = '', link}) => ({selector: selectors(selector), link}))),
	}));
};

const createNumbers = () => {
	const numbers = new Map<string, number>();
	return (text: string): number => {
		const known = numbers.get(text);
		if (known !== undefined) return known;
		numbers.set(text, numbers.size);
		return numbers.size - 1;
	};
};

type Joined = {steps: NumberedStep[]; classes: Int32Array};

/** Joined steps have the inputs of each, and so may be the same as further ones: until nothing changes. */
const joinAll = (all: readonly NumberedStep[], order: readonly number[]): Joined => {
	// Links first, so that nearly all is joined in one round.
	let {steps, classes} = condense(all, order, Int32Array.from(all.keys()));
	for (let round = 0; round < maxRounds; round++) {
		const leaders = joinOnce(steps);
		const next = condense(steps, [...steps.keys()], leaders);
		if (next.steps.length === steps.length) break;
		steps = next.steps;
		classes = classes.map(at => next.classes[at] as number);
	}
	return {steps, classes};
};

// Real caches need two or three. One made to need thousands gets a union that is larger than it could be, and correct.
const maxRounds = 16;

/** For each step the first of those that it is the same as; itself if there is none. */
const joinOnce = (steps: readonly NumberedStep[]): Int32Array => {
	const leaders = Int32Array.from(steps.keys());
	const leaderOf = (at: number): number => {
		let leader = at;
		while (leaders[leader] !== leader) leader = leaders[leader] as number;
		leaders[at] = leader;
		return leader;
	};
	const sources = new Map<number, number>();
	const users = new Map<string, Set<number>>();
	for (const [at, {digest, inputs}] of steps.entries()) {
		if (inputs.length === 0) {
			const first = sources.get(digest);
			if (first === undefined) sources.set(digest, at);
			else leaders[at] = first;
			continue;
		}
		const keys = inputs.map((ways, input) => ways.map(({selector, link}) => `${digest} ${input} ${selector} ${leaderOf(link)}`));
		for (const other of inAll(keys.map(ways => ways.map(way => users.get(way) ?? nobody)))) {
			const [first, second] = [leaderOf(at), leaderOf(other)];
			leaders[Math.max(first, second)] = Math.min(first, second);
		}
		const leader = leaderOf(at);
		for (const key of keys.flat()) {
			const others = users.get(key);
			if (others) others.add(leader);
			else users.set(key, new Set([leader]));
		}
	}
	return leaders.map((_, at) => leaderOf(at));
};

const nobody: ReadonlySet<number> = new Set();

/** Those that are for every input in one of its sets. The input with the fewest is gone through. */
const inAll = (inputs: readonly (readonly ReadonlySet<number>[])[]): number[] => {
	const [fewest = [], ...others] = [...inputs].sort((a, b) => total(a) - total(b));
	const candidates = fewest.flatMap(set => [...set]).slice(0, maxCandidates);
	return candidates.filter(candidate => others.every(sets => sets.some(set => set.has(candidate))));
};

const total = (sets: readonly ReadonlySet<number>[]): number => sets.reduce((sum, {size}) => sum + size, 0);

// A step has a handful of doubles at most; a document made to have thousands shall not cost minutes.
const maxCandidates = 256;

/** One step for each leader, numbered in this order, with the inputs of all that follow it. */
const condense = (steps: readonly NumberedStep[], order: readonly number[], leaders: Int32Array): Joined => {
	const numbers = new Int32Array(steps.length).fill(-1);
	let count = 0;
	for (const at of order) {
		const leader = leaders[at] as number;
		if (numbers[leader] === -1) numbers[leader] = count++;
	}
	const classes = leaders.map(leader => numbers[leader] as number);
	const condensed: NumberedStep[] = Array(count);
	const seen = new Set<string>();
	for (const at of order) {
		const {digest, inputs} = steps[at] as NumberedStep;
		const number = classes[at] as number;
		const target = condensed[number] ?? {digest, inputs: inputs.map(() => [])};
		condensed[number] = target;
		for (const [input, ways] of inputs.entries()) {
			for (const {selector, link} of ways) {
				const key = `${number} ${input} ${selector} ${classes[link]}`;
				if (seen.has(key)) continue;
				seen.add(key);
				target.inputs[input]?.push({selector, link: classes[link] as number});
			}
		}
	}
	return {steps: condensed, classes};
};

/** Steps that need themselves, and those that need them; undefined where there is no loop. */
const findLoops = (steps: readonly NumberedStep[]): ReadonlySet<number> | undefined => {
	const waitsFor = steps.map(({inputs}) => new Set(inputs.flat().map(({link}) => link)));
	const users: number[][] = steps.map(() => []);
	for (const [at, links] of waitsFor.entries()) for (const link of links) users[link]?.push(at);
	const ready = [...steps.keys()].filter(at => waitsFor[at]?.size === 0);
	for (const at of ready) {
		for (const user of users[at] ?? []) {
			waitsFor[user]?.delete(at);
			if (waitsFor[user]?.size === 0) ready.push(user);
		}
	}
	if (ready.length === steps.length) return undefined;
	const done = new Set(ready);
	return new Set([...steps.keys()].filter(at => !done.has(at)));
};

/** Steps of these classes are the same only if they have the very same inputs. */
const separate = (
	steps: readonly NumberedStep[],
	order: readonly number[],
	classes: Int32Array,
	loops: ReadonlySet<number>,
): {classes: Int32Array; count: number} => {
	const numbers = createNumbers();
	const separated = new Int32Array(steps.length);
	let count = 0;
	for (const at of order) {
		const {digest, inputs} = steps[at] as NumberedStep;
		const all = classes[at] as number;
		const wayKeys = (ways: {selector: number; link: number}[]) =>
			[...new Set(ways.map(({selector, link}) => `${selector} ${separated[link]}`))].sort().join();
		separated[at] = numbers(loops.has(all) ? `${digest}: ${inputs.map(wayKeys).join(';')}` : `all ${all}`);
		count = Math.max(count, (separated[at] as number) + 1);
	}
	return {classes: separated, count};
};
