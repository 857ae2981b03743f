/** The policy that is in force: read from its file, and again when that changes. */
import {type FileContent, openWatchedFile, type WatchedFile, type WatchTiming} from '../lib/watchedFile.ts';
import {type Policy, PolicyInvalid, parsePolicy} from './policy.ts';

export type PolicyFile = WatchedFile<Policy>;

export type PolicyObserver = {
	onLoaded(policy: Policy, text: string): void;
	/** The policy before it stays in force. */
	onRefused(error: PolicyInvalid): void;
};

export type PolicyFileOptions = PolicyObserver & {
	/** A text that another process has loaded: what holds where the file cannot be used now. */
	lastGood?: string;
	timing?: WatchTiming;
};

/** Throws PolicyInvalid, also where the file cannot be read; not where there is a `lastGood`. */
export const openPolicyFile = (path: string, {onLoaded, onRefused, lastGood, timing}: PolicyFileOptions): Promise<PolicyFile> =>
	openWatchedFile(path, {
		...{onLoaded, timing},
		parse: content => parseContent(content, path),
		onRefused(error) {
			if (!(error instanceof PolicyInvalid)) throw error;
			onRefused(error);
		},
		initial: lastGood === undefined ? undefined : parsePolicy(lastGood, path),
	});

const parseContent = (content: FileContent, path: string): Policy => {
	if ('text' in content) return parsePolicy(content.text, path);
	throw new PolicyInvalid(path, [{line: 1, column: 1, message: `the file cannot be read: ${content.failure}`}]);
};
