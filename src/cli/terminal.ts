/** Where a command speaks: for programs on standard output, for people on both outputs, in colour and with questions where there is a terminal. */
import {createInterface} from 'node:readline/promises';
import type {Readable} from 'node:stream';
import type {WriteStream} from 'node:tty';
import {styleText} from 'node:util';

export type Terminal = {
	/** The answer of the command. */
	out(text: string): void;
	/** What is said besides. */
	say(text: string): void;
	/** Whether there is somebody to ask. */
	isInteractive: boolean;
	/** Anything but a yes is a no. */
	confirm(question: string): Promise<boolean>;
	/** Undefined where nobody watches. */
	progressStream: NodeJS.WritableStream | undefined;
	paint: Paint;
};

export type Colour = 'bold' | 'dim' | 'red' | 'green' | 'yellow' | 'cyan';
export type Paint = (colour: Colour, text: string) => string;

export const plain: Paint = (_, text) => text;

type Output = NodeJS.WritableStream & Partial<Pick<WriteStream, 'isTTY' | 'hasColors'>>;
type Process = {stdin: Readable & {isTTY?: boolean}; stdout: Output; stderr: Output; env: Readonly<Record<string, string | undefined>>};

/** Colours only on a terminal, and never with NO_COLOR. */
export const createTerminal = ({stdin, stdout, stderr, env}: Process): Terminal => {
	const isColoured = stdout.isTTY === true && !env.NO_COLOR && stdout.hasColors?.(env as object) !== false;
	for (const output of [stdout, stderr]) output.on('error', unlessNobodyReads);
	return {
		out: text => void stdout.write(text),
		say: text => void stderr.write(text),
		isInteractive: stdin.isTTY === true && stderr.isTTY === true,
		async confirm(question) {
			// Standard output may go to a file.
			const asking = createInterface({input: stdin, output: stderr});
			try {
				return /^\s*y(?:es)?\s*$/i.test(await asking.question(`${question} [y/N] `));
			} catch {
				return false;
			} finally {
				asking.close();
			}
		},
		progressStream: stderr.isTTY === true ? stderr : undefined,
		paint: isColoured ? (colour, text) => styleText(colour, text, {validateStream: false}) : plain,
	};
};

/** `| head` ends as soon as it has enough; what was asked for is done all the same. */
const unlessNobodyReads = (error: NodeJS.ErrnoException) => {
	if (error.code !== 'EPIPE') throw error;
};
