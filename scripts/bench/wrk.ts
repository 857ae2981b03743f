/** As many requests as a server answers: Debian's wrk, one thread, a list of paths in turn. */
import {writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import {succeed} from '../../test/e2e/harness/exec.ts';
import type {Scope} from '../../test/e2e/harness/scope.ts';
import {temporaryFolder} from '../../test/e2e/harness/temporaryFolder.ts';
import {tool} from '../tools.ts';

export interface WrkOptions {
	readonly url: string;
	readonly paths: readonly string[];
	/** Sent with each request. */
	readonly headers?: Readonly<Record<string, string>>;
	readonly connections: number;
	readonly seconds: number;
}

/** Throws if any answer was an error: those are quick to give. */
export const requestsPerSecond = async (scope: Scope, {url, paths, headers = {}, connections, seconds}: WrkOptions): Promise<number> => {
	const script = join(await temporaryFolder(scope, 'wrk'), 'paths.lua');
	await writeFile(script, luaScript(paths, headers));
	const args = ['-t1', `-c${connections}`, `-d${seconds}s`, '-s', script, url];
	return parseWrk(await succeed(await tool('wrk'), args, {timeoutSeconds: seconds + 60}));
};

export const parseWrk = (output: string): number => {
	const problem = /^\s*(Non-2xx or 3xx responses|Socket errors).*$/m.exec(output)?.[0];
	if (problem) throw new Error(`wrk: ${problem.trim()}`);
	const rate = /^Requests\/sec:\s+([\d.]+)$/m.exec(output)?.[1];
	if (rate === undefined) throw new Error(`wrk said nothing that is known here:\n${output}`);
	return Number(rate);
};

const luaScript = (paths: readonly string[], headers: Readonly<Record<string, string>>) => `
local paths = {${paths.map(path => JSON.stringify(path)).join(', ')}}
local requests = {}
local at = 0
${Object.entries(headers)
	.map(([name, value]) => `wrk.headers[${JSON.stringify(name)}] = ${JSON.stringify(value)}`)
	.join('\n')}
init = function() for i, path in ipairs(paths) do requests[i] = wrk.format("GET", path) end end
request = function() at = at % #requests + 1; return requests[at] end
`;
