/** Records with numbers in the place of digests and selectors, which are compared a great many times when caches are merged. */
import type {CacheRecord} from './cacheConfig.ts';

/** Equal digests with equally many inputs have equal numbers. */
export type NumberedStep = {digest: number; inputs: readonly (readonly Way[])[]};

/** `use` stands for the step's digest, the input's position and the selector; `link` is an index into the steps. */
export type Way = {use: number; link: number};

/** A record without what it gives. */
export type Step = Pick<CacheRecord, 'digest' | 'inputs'>;

type Word = {digest: CacheRecord['digest']; number: number; uses: Map<string, number>[]};

/** The records of all lists, one after the other. `format` makes a record of one of them, or of one made of them, with its links moved to `positions`. */
export const numberedSteps = (lists: readonly (readonly CacheRecord[])[]) => {
	const words = new Map<string, Word[]>();
	const byNumber: Word[] = [];
	const selectors: string[] = [];

	const wordOf = ({digest, inputs}: CacheRecord): Word => {
		const ofDigest = words.get(digest) ?? [];
		const known = ofDigest.find(({uses}) => uses.length === inputs.length);
		if (known) return known;
		const word: Word = {digest, number: byNumber.length, uses: inputs.map(() => new Map())};
		byNumber.push(word);
		words.set(digest, [...ofDigest, word]);
		return word;
	};

	const useOf = (uses: Map<string, number>, selector: string): number => {
		const known = uses.get(selector);
		if (known !== undefined) return known;
		uses.set(selector, selectors.length);
		return selectors.push(selector) - 1;
	};

	const numbered = (record: CacheRecord, offset: number): NumberedStep => {
		const {number, uses} = wordOf(record);
		const inputs = record.inputs.map((ways, input) => {
			const ofInput = uses[input] as Map<string, number>;
			return ways.map(({selector = '', link}) => ({use: useOf(ofInput, selector), link: link + offset}));
		});
		return {digest: number, inputs};
	};

	let offset = 0;
	const steps = lists.flatMap(records => {
		const start = offset;
		offset += records.length;
		return records.map(record => numbered(record, start));
	});
	return {
		steps,
		format: ({digest, inputs}: NumberedStep, positions: Int32Array): Step => ({
			digest: (byNumber[digest] as Word).digest,
			inputs: inputs.map(ways =>
				ways.map(({use, link}) => {
					const moved = positions[link] as number;
					return selectors[use] ? {selector: selectors[use], link: moved} : {link: moved};
				}),
			),
		}),
	};
};
