/** What a process and those it started have used of the processor and of memory. */
import {readdir, readFile, writeFile} from 'node:fs/promises';

// USER_HZ, which the kernel promises to user space whatever its own clock does.
const ticksPerSecond = 100;

/** User and system time, of children that have ended too. To the hundredth of a second. */
export const cpuSeconds = async (pid: number): Promise<number> => {
	const facts = await tree(pid);
	return facts.reduce((sum, {ticks}) => sum + ticks, 0) / ticksPerSecond;
};

/** Lets the highest resident size start again from what is resident now. */
export const forgetPeaks = async (pid: number): Promise<void> => {
	for (const process of await tree(pid)) await writeFile(`/proc/${process.pid}/clear_refs`, '5');
};

interface ProcessFacts {
	readonly pid: number;
	readonly parent: number;
	readonly ticks: number;
}

const tree = async (root: number): Promise<ProcessFacts[]> => {
	const pids = (await readdir('/proc')).filter(name => /^\d+$/.test(name));
	const all = (await Promise.all(pids.map(factsOf))).filter(facts => facts !== undefined);
	const found = all.filter(({pid}) => pid === root);
	for (const {pid} of found) found.push(...all.filter(({parent}) => parent === pid));
	if (found.length === 0) throw new Error(`process ${root} has ended`);
	return found;
};

const factsOf = async (pid: string): Promise<ProcessFacts | undefined> => {
	const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => undefined);
	// The second field is the program's name in brackets, spaces and brackets included.
	const fields = stat?.slice(stat.lastIndexOf(')') + 2).split(' ');
	if (!fields) return undefined;
	const ticks = fields.slice(11, 15).reduce((sum, field) => sum + Number(field), 0);
	return {pid: Number(pid), parent: Number(fields[1]), ticks};
};
