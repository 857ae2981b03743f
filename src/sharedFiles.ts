/** What the processes that serve one port tell each other of the files they read: what one has loaded holds for another that cannot use them now. */

export type SharedFileName = 'policy' | 'certificate' | 'users' | 'keys';

export type SharedFiles = {
	lastGood: LastGood;
	onLoaded(name: SharedFileName, texts: readonly string[]): void;
};

/** The texts of each, as a process has loaded them. */
export type LastGood = {readonly [name in SharedFileName]?: readonly string[]};
