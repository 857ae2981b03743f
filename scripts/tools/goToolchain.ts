/** Finds a Go that can build the tools, installing Debian's where there is none. */
import {installDebian} from './debian.ts';
import {run} from './run.ts';

// From 1.21 on Go fetches the newer toolchain that a module asks for by itself.
const oldestUsable = 21;

export const goCommand = async (): Promise<string> => {
	const present = await minorVersion();
	if (present !== undefined) return usable(present);
	await installDebian(['golang-go']);
	return usable((await minorVersion()) ?? 0);
};

const usable = (minor: number): string => {
	if (minor >= oldestUsable) return 'go';
	throw new Error(
		`The end-to-end tools are built with Go 1.${oldestUsable} or newer, here is 1.${minor}: install a newer Go and put it first on the PATH.`,
	);
};

const minorVersion = async (): Promise<number | undefined> => {
	const text = await run('go', ['env', 'GOVERSION']).catch((error: NodeJS.ErrnoException) => {
		if (error.code === 'ENOENT') return undefined;
		throw error;
	});
	if (text === undefined) return undefined;
	return Number(/^go1\.(\d+)/.exec(text)?.[1] ?? 0);
};
