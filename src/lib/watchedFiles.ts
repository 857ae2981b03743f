/** A value that is made from files, and made anew when they change. What cannot be used never replaces what can. */
import {watch} from 'node:fs';
import {readFile} from 'node:fs/promises';
import {dirname} from 'node:path';

export type WatchedFiles<T> = {
	/** The last one that could be used. */
	current(): T;
	/** Reads the files now, and tells what it finds, changed or not. */
	reload(): Promise<void>;
	stop(): void;
};

export type FilesTiming = {
	/** Files are read when nothing has happened in their folders for so long: what is being written is not half of it taken. */
	settleMs: number;
	/** And so often besides, for file systems and links that tell of nothing. */
	lookEveryMs: number;
};

export type WatchedFilesOptions<T, E extends Error> = {
	/** Of the texts, in the order of their paths. Throws E. */
	parse(texts: readonly string[]): T;
	/** What is the matter where a file cannot be read. */
	unreadable(path: string, reason: string): E;
	/** Whether this says that the files cannot be used; all else is no business of theirs. */
	isRefusal(error: unknown): error is E;
	onLoaded(value: T, texts: readonly string[]): void;
	/** The value before stays in force. */
	onRefused(error: E): void;
	/** Texts that another process has loaded: what holds where the files cannot be used now. */
	lastGood?: readonly string[] | undefined;
	timing?: FilesTiming | undefined;
};

/** Throws E where the files cannot be used and there is no `lastGood`. */
export const openWatchedFiles = async <T, E extends Error>(
	paths: readonly string[],
	{parse, unreadable, isRefusal, onLoaded, onRefused, lastGood, timing: {settleMs, lookEveryMs} = usualTiming}: WatchedFilesOptions<T, E>,
): Promise<WatchedFiles<T>> => {
	let value: {it: T} | undefined = lastGood && {it: parse(lastGood)};
	let seen: readonly Content[] = [];

	const textsOf = (contents: readonly Content[]): string[] =>
		contents.map(({text, failure = ''}, index) => {
			if (text === undefined) throw unreadable(paths[index] ?? '', failure);
			return text;
		});
	const look = async (tellsAlways: boolean): Promise<void> => {
		const contents = await Promise.all(paths.map(readContent));
		if (!tellsAlways && areSame(contents, seen)) return;
		seen = contents;
		let texts: string[];
		try {
			texts = textsOf(contents);
			value = {it: parse(texts)};
		} catch (error) {
			if (value && isRefusal(error)) return onRefused(error);
			throw error;
		}
		onLoaded(value.it, texts);
	};
	await look(true);
	// One after another: older texts never come after newer ones.
	let looked = Promise.resolve();
	const lookNext = (tellsAlways: boolean): Promise<void> => {
		looked = looked.then(() => look(tellsAlways));
		return looked;
	};

	const looking = setInterval(() => void lookNext(false), lookEveryMs).unref();
	let settling: NodeJS.Timeout | undefined;
	const onEvent = () => {
		clearTimeout(settling);
		settling = setTimeout(() => void lookNext(false), settleMs).unref();
	};
	const stopWatching = [...new Set(paths.map(path => dirname(path)))].map(folder => watchFolder(folder, onEvent));
	return {
		// The first look has found one, or thrown.
		current: () => (value as {it: T}).it,
		reload: () => lookNext(true),
		stop() {
			clearInterval(looking);
			clearTimeout(settling);
			for (const stop of stopWatching) stop();
		},
	};
};

const usualTiming: FilesTiming = {settleMs: 200, lookEveryMs: 10_000};

type Content = {text?: string; failure?: string};

const readContent = async (path: string): Promise<Content> => {
	try {
		return {text: await readFile(path, 'utf8')};
	} catch (error) {
		return {failure: error instanceof Error ? error.message : String(error)};
	}
};

const areSame = (some: readonly Content[], others: readonly Content[]) =>
	some.every(({text, failure}, index) => text === others[index]?.text && failure === others[index]?.failure);

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
