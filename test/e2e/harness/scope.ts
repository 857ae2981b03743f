/** What a helper hangs its tidying on: AVA's `t`, or a whole test file. */
import type {TestFn} from 'ava';

export interface Scope {
	/** Called in reverse order at the end. */
	teardown(act: () => Promise<void> | void): void;
}

/** For scripts: what was hung on it is torn down by `end`. */
export const createScope = (): Scope & {end(): Promise<void>} => {
	const acts: Array<() => Promise<void> | void> = [];
	return {
		teardown: act => void acts.push(act),
		async end() {
			for (const act of acts.reverse()) await act();
		},
	};
};

/** For servers that all tests of a file share; AVA's hooks have no teardown of their own. */
export const fileScope = (test: TestFn): Scope => {
	const scope = createScope();
	test.after.always('tear down what the file shared', () => scope.end());
	return scope;
};
