/** A bar on a terminal for what takes long; nothing where nobody watches, and nothing for what is soon over. */
import {SingleBar} from 'cli-progress';
import type {Progress} from '../operations/operation.ts';

export type ProgressBar = {onProgress(progress: Progress): void; stop(): void};

export const createProgressBar = (stream: NodeJS.WritableStream | undefined): ProgressBar => {
	if (!stream) return {onProgress: () => undefined, stop: () => undefined};
	let bar: SingleBar | undefined;
	let known = true;
	const show = ({done, total, of}: Progress) => {
		const isKnown = total !== undefined;
		if (bar && isKnown !== known) {
			bar.stop();
			bar = undefined;
		}
		known = isKnown;
		if (!bar) {
			const format = isKnown ? '{bar} {percentage} %  {value} of {total} {of}' : '{value} {of}';
			bar = new SingleBar({
				stream,
				format,
				barsize: 30,
				hideCursor: true,
				clearOnComplete: true,
				fps: 5,
				barCompleteChar: '━',
				barIncompleteChar: ' ',
			});
			bar.start(total ?? 0, done, {of});
		}
		if (total !== undefined) bar.setTotal(total);
		bar.update(done, {of});
	};
	return {onProgress: show, stop: () => bar?.stop()};
};
