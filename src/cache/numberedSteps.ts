/** Records with numbers in the place of digests, selectors and links, which are compared a great many times when caches are merged. */
import {inByteOrder} from '../lib/byteOrder.ts';
import type {CacheInput, CacheRecord} from './cacheConfig.ts';
import {recordsInOrder} from './cacheOrder.ts';

/** Equal digests with equally many inputs have equal numbers. */
export type NumberedStep = {digest: number; inputs: readonly (readonly Way[])[]};

/** One number for what a step needs (its digest, the input's position and the selector) and for the step that gives it: the same way, the same number. */
export type Way = number;

/** A record without what it gives. */
export type Step = Pick<CacheRecord, 'digest' | 'inputs'>;

/**
 * The records of all lists as steps, each after those that it needs; `at` tells where each record is, counted through
 * the lists, and `digestCount` is more than any step's digest. Of the ways, `linkOf` tells an index into the steps,
 * `moved` makes another one of it. `format` makes a record of a step, or of one made of them, with its links moved to
 * `positions` and its ways in order.
 */
export const numberedSteps = (lists: readonly (readonly CacheRecord[])[]) => {
	// A way is `use * count + link`: for whatever documents can hold below 2^53, and for real ones an integer that takes no memory of its own.
	const count = lists.reduce((sum, {length}) => sum + length, 0);
	const digestCount = lists.reduce((sum, records) => records.reduce((ofList, {inputs}) => ofList + (inputs.length || 1), sum), 0);
	const {digestNumberOf, digestOf} = createDigestNumbers();
	const {useOf, selectorOf} = createUses(digestCount);

	const linkOf = (way: Way): number => way % count;

	const numbered = ({digest, inputs}: CacheRecord, recordAt: Int32Array): NumberedStep => {
		const number = digestNumberOf(digest, inputs.length);
		const wayOf = ({selector = '', link}: CacheInput, input: number) =>
			useOf(number + input, selector) * count + (recordAt[link] as number);
		return {digest: number, inputs: inputs.map((ways, input) => distinct(ways.map(way => wayOf(way, input))))};
	};

	const at = new Int32Array(count);
	const steps: NumberedStep[] = [];
	for (const records of lists) {
		const recordAt = at.subarray(steps.length, steps.length + records.length);
		for (const index of recordsInOrder(records)) {
			recordAt[index] = steps.length;
			steps.push(numbered(records[index] as CacheRecord, recordAt));
		}
	}
	return {
		steps,
		at,
		digestCount,
		linkOf,
		moved(way: Way, positions: Int32Array): Way {
			const link = linkOf(way);
			return way - link + (positions[link] as number);
		},
		format({digest, inputs}: NumberedStep, positions: Int32Array): Step {
			const inputOf = (way: Way): CacheInput => {
				const link = linkOf(way);
				const selector = selectorOf((way - link) / count);
				return selector ? {selector, link: positions[link] as number} : {link: positions[link] as number};
			};
			return {digest: digestOf(digest), inputs: inputs.map(ways => inOrder(ways.map(inputOf)))};
		},
	};
};

/** Nearly always there is one. */
export const distinct = (ways: readonly Way[]): readonly Way[] => (ways.length === 1 ? ways : [...new Set(ways)]);

export type Steps = ReturnType<typeof numberedSteps>;

/** By digest and inputs, which no two steps of a union have in common. Their ways are in order. */
export const compareSteps = (a: Step, b: Step): number => {
	const byDigest = inByteOrder(a.digest, b.digest) || a.inputs.length - b.inputs.length;
	if (byDigest !== 0) return byDigest;
	for (const [input, ways] of a.inputs.entries()) {
		const others = b.inputs[input] ?? [];
		for (const [position, way] of ways.entries()) {
			const other = others[position];
			const byWay = other ? compareInputs(way, other) : 1;
			if (byWay !== 0) return byWay;
		}
		if (others.length > ways.length) return -1;
	}
	return 0;
};

const inOrder = (ways: CacheInput[]): CacheInput[] => (ways.length === 1 ? ways : ways.sort(compareInputs));

const compareInputs = (a: CacheInput, b: CacheInput): number => a.link - b.link || inByteOrder(a.selector ?? '', b.selector ?? '');

/** A digest has a number for each number of inputs that it comes with, and the next ones are those of its further inputs. */
const createDigestNumbers = () => {
	const byInputs: Map<CacheRecord['digest'], number>[] = [];
	const digests: CacheRecord['digest'][] = [];
	return {
		digestNumberOf(digest: CacheRecord['digest'], inputCount: number): number {
			byInputs[inputCount] ??= new Map();
			const numbers = byInputs[inputCount];
			const known = numbers.get(digest);
			if (known !== undefined) return known;
			const number = digests.push(digest) - 1;
			for (let input = 1; input < inputCount; input++) digests.push(digest);
			numbers.set(digest, number);
			return number;
		},
		digestOf: (number: number) => digests[number] as CacheRecord['digest'],
	};
};

/** Numbers for inputs with their selectors; an input without one keeps its own number. There are fewer selectors than inputs, so each of those has a table. */
const createUses = (inputCount: number) => {
	const bySelector = new Map<string, Map<number, number>>();
	const selectors: string[] = [];
	return {
		useOf(input: number, selector: string): number {
			if (selector === '') return input;
			const uses = bySelector.get(selector) ?? new Map<number, number>();
			const known = uses.get(input);
			if (known !== undefined) return known;
			const use = inputCount + selectors.push(selector) - 1;
			bySelector.set(selector, uses.set(input, use));
			return use;
		},
		selectorOf: (use: number): string | undefined => (use < inputCount ? undefined : selectors[use - inputCount]),
	};
};
