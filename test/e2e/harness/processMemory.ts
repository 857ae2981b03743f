/** How much memory a process and those it started have needed at most. */
import {readdir, readFile} from 'node:fs/promises';

/** The sum of the highest resident sizes: more than they needed at any one moment, never less. */
export const peakMiB = async (pid: number): Promise<number> => {
	const peaks = await Promise.all([...(await tree(pid))].map(peakOf));
	return peaks.reduce((sum, peak) => sum + peak, 0);
};

const peakOf = async (pid: number) => {
	const kiB = /^VmHWM:\s+(\d+) kB$/m.exec(await readFile(`/proc/${pid}/status`, 'utf8'))?.[1];
	if (kiB === undefined) throw new Error(`process ${pid} has ended`);
	return Number(kiB) / 1024;
};

const tree = async (root: number) => {
	const parents = await Promise.all((await readdir('/proc')).filter(name => /^\d+$/.test(name)).map(parentOf));
	const pids = new Set([root]);
	for (let before = 0; before < pids.size; ) {
		before = pids.size;
		for (const {pid, parent} of parents) if (pids.has(parent)) pids.add(pid);
	}
	return pids;
};

const parentOf = async (pid: string) => {
	// The second field is the program's name in brackets, spaces and brackets included.
	const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
	return {pid: Number(pid), parent: Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1] ?? 0)};
};
