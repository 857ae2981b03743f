/** The real programs that the end-to-end run needs, each at a pinned version, built once for every clone on the machine. */
import {basename} from 'node:path';
import {argv, exit, stderr, stdout} from 'node:process';
import {type DebianToolName, debianTool, debianTools} from './tools/debian.ts';
import {buildGoTool, type GoToolName, goTools, isOnDemand} from './tools/goTools.ts';

export type ToolName = GoToolName | DebianToolName;

const found = new Map<ToolName, Promise<string>>();
let queue: Promise<unknown> = Promise.resolve();

/** The path of a program, built or installed on first use. One at a time: a build already takes every core. */
export const tool = (name: ToolName): Promise<string> => {
	const known = found.get(name);
	if (known) return known;
	const path = queue.then(() => (isGoTool(name) ? buildGoTool(name) : debianTool(name)));
	queue = path.catch(() => undefined);
	found.set(name, path);
	return path;
};

const isGoTool = (name: string): name is GoToolName => Object.hasOwn(goTools, name);
const isTool = (name: string): name is ToolName => isGoTool(name) || Object.hasOwn(debianTools, name);
const allNames = [...Object.keys(debianTools), ...Object.keys(goTools)].filter(isTool);

const main = async (names: string[]) => {
	const unknown = names.filter(name => !isTool(name));
	if (unknown.length > 0) throw new Error(`no tool named ${unknown.join(', ')}; known are ${allNames.join(', ')}`);
	const wanted = names.length > 0 ? names.filter(isTool) : allNames.filter(name => !isOnDemand(name));
	for (const name of wanted) stdout.write(`${name} ${await tool(name)}\n`);
};

if (basename(argv[1] ?? '') === 'tools.ts') {
	await main(argv.slice(2)).catch((error: unknown) => {
		stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
		exit(1);
	});
}
