/** The policy that is in force: read from its file, and again when that changes. */
import {type FilesTiming, openWatchedFiles, type WatchedFiles} from '../lib/watchedFiles.ts';
import {type Policy, PolicyInvalid, parsePolicy} from './policy.ts';

export type PolicyFile = WatchedFiles<Policy>;

export type PolicyObserver = {
	onLoaded(policy: Policy, text: string): void;
	/** The policy before it stays in force. */
	onRefused(error: PolicyInvalid): void;
};

export type PolicyFileOptions = PolicyObserver & {
	/** A text that another process has loaded: what holds where the file cannot be used now. */
	lastGood?: string | undefined;
	timing?: FilesTiming;
};

/** Throws PolicyInvalid, also where the file cannot be read; not where there is a `lastGood`. */
export const openPolicyFile = (path: string, {onLoaded, onRefused, lastGood, timing}: PolicyFileOptions): Promise<PolicyFile> =>
	openWatchedFiles<Policy, PolicyInvalid>([path], {
		parse: ([text = '']) => parsePolicy(text, path),
		unreadable: (_, reason) => new PolicyInvalid(path, [{line: 1, column: 1, message: `the file cannot be read: ${reason}`}]),
		isRefusal: error => error instanceof PolicyInvalid,
		onLoaded: (policy, [text = '']) => onLoaded(policy, text),
		onRefused,
		lastGood: lastGood === undefined ? undefined : [lastGood],
		timing,
	});
