/** A defence, and what the service is without it. */

export type Mutation = {
	/** The threat as docs/security.md names it. */
	threat: string;
	/** Where the defence is. `take` is there once, and becomes `leave`. */
	file: string;
	take: string;
	leave: string;
	/** The test that has to fail then; `…` in its title stands for anything. */
	test: {file: string; title: string};
};
