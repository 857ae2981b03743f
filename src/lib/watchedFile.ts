/** A file that is read again when it changes. What cannot be used never replaces what can. */
import {watch} from 'node:fs';
import {readFile} from 'node:fs/promises';
import {dirname} from 'node:path';

export type WatchedFile<T> = {
	/** The last one that could be used. */
	current(): T;
	/** Reads the file now, and tells what it finds, changed or not. */
	reload(): Promise<void>;
	stop(): void;
};

/** `failure`: why the file cannot be read. */
export type FileContent = {text: string} | {failure: string};

export type WatchTiming = {
	/** A file is read when nothing has happened in its folder for so long: what is being written is not half of it taken. */
	settleMs: number;
	/** And so often besides, for file systems and links that tell of nothing. */
	lookEveryMs: number;
};

export type WatchOptions<T> = {
	/** Throws what `onRefused` hears. */
	parse(content: FileContent): T;
	onLoaded(value: T, text: string): void;
	/** What was there before stays in use. */
	onRefused(error: unknown): void;
	/** What is in use already, and stays so where the file cannot be used now. */
	initial?: T | undefined;
	timing?: WatchTiming | undefined;
};

/** Throws what `parse` throws of the first content, unless there is an `initial` value. */
export const openWatchedFile = async <T extends object>(path: string, options: WatchOptions<T>): Promise<WatchedFile<T>> => {
	const {parse, onLoaded, onRefused, initial, timing: {settleMs, lookEveryMs} = usualTiming} = options;
	let held: {value: T} | undefined = initial === undefined ? undefined : {value: initial};
	let seen: string | undefined;

	const look = async (tellsAlways: boolean): Promise<void> => {
		const content = await readContent(path);
		const found = JSON.stringify(content);
		if (!tellsAlways && found === seen) return;
		seen = found;
		let value: T;
		try {
			value = parse(content);
		} catch (error) {
			if (held) return onRefused(error);
			throw error;
		}
		held = {value};
		onLoaded(value, 'text' in content ? content.text : '');
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
		current: () => (held as {value: T}).value,
		reload: () => lookNext(true),
		stop() {
			clearInterval(looking);
			clearTimeout(settling);
			stopWatching();
		},
	};
};

const usualTiming: WatchTiming = {settleMs: 200, lookEveryMs: 10_000};

const readContent = async (path: string): Promise<FileContent> => {
	try {
		return {text: await readFile(path, 'utf8')};
	} catch (error) {
		return {failure: error instanceof Error ? error.message : String(error)};
	}
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
