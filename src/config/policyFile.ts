/** The policy that is in force: read from its file, and again when that changes. What cannot be used never replaces what can. */
import {watch} from 'node:fs';
import {readFile} from 'node:fs/promises';
import {dirname} from 'node:path';
import {type Policy, PolicyInvalid, parsePolicy} from './policy.ts';

export type PolicyFile = {
	/** The last one that could be used. */
	current(): Policy;
	/** Reads the file now, and tells what it finds, changed or not. */
	reload(): Promise<void>;
	stop(): void;
};

export type PolicyObserver = {
	onLoaded(policy: Policy, text: string): void;
	/** The policy before it stays in force. */
	onRefused(error: PolicyInvalid): void;
};

export type PolicyTiming = {
	/** A file is read when nothing has happened in its folder for so long: what is being written is not half of it taken. */
	settleMs: number;
	/** And so often besides, for file systems and links that tell of nothing. */
	lookEveryMs: number;
};

export type PolicyFileOptions = PolicyObserver & {
	/** A text that another process has loaded: what holds where the file cannot be used now. */
	lastGood?: string;
	timing?: PolicyTiming;
};

/** Throws PolicyInvalid, also where the file cannot be read; not where there is a `lastGood`. */
export const openPolicyFile = async (path: string, options: PolicyFileOptions): Promise<PolicyFile> => {
	const {onLoaded, onRefused, lastGood, timing: {settleMs, lookEveryMs} = usualTiming} = options;
	let policy = lastGood === undefined ? undefined : parsePolicy(lastGood, path);
	let seen: Content = {};

	const look = async (tellsAlways: boolean): Promise<void> => {
		const content = await readContent(path);
		if (!tellsAlways && content.text === seen.text && content.failure === seen.failure) return;
		seen = content;
		try {
			policy = parseContent(content, path);
		} catch (error) {
			if (error instanceof PolicyInvalid && policy) return onRefused(error);
			throw error;
		}
		onLoaded(policy, content.text ?? '');
	};
	await look(true);
	// One after another: an older text never comes after a newer one.
	let looked = Promise.resolve();
	const lookNext = (tellsAlways: boolean): Promise<void> => {
		looked = looked.then(() => look(tellsAlways));
		return looked;
	};

	const looking = setInterval(() => void lookNext(false), lookEveryMs).unref();
	let settling: NodeJS.Timeout | undefined;
	const stopWatching = watchFolder(dirname(path), () => {
		clearTimeout(settling);
		settling = setTimeout(() => void lookNext(false), settleMs).unref();
	});
	return {
		// The first look has found one, or thrown.
		current: () => policy as Policy,
		reload: () => lookNext(true),
		stop() {
			clearInterval(looking);
			clearTimeout(settling);
			stopWatching();
		},
	};
};

const usualTiming: PolicyTiming = {settleMs: 200, lookEveryMs: 10_000};

type Content = {text?: string; failure?: string};

const readContent = async (path: string): Promise<Content> => {
	try {
		return {text: await readFile(path, 'utf8')};
	} catch (error) {
		return {failure: error instanceof Error ? error.message : String(error)};
	}
};

const parseContent = ({text, failure}: Content, path: string): Policy => {
	if (text === undefined) throw new PolicyInvalid(path, [{line: 1, column: 1, message: `the file cannot be read: ${failure}`}]);
	return parsePolicy(text, path);
};

/**
 * The folder and not the file: editors and `mv` put another file in its place, and Kubernetes swaps a link beside it
 * (`..data`) that the file's own link goes through.
 */
const watchFolder = (folder: string, onEvent: () => void): (() => void) => {
	try {
		const watcher = watch(folder, {persistent: false}, onEvent);
		watcher.on('error', () => watcher.close());
		return () => watcher.close();
	} catch {
		// The system has no watches left, or the file system knows none: we look anyway.
		return () => undefined;
	}
};
