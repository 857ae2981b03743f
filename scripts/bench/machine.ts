/** On what and of what was measured: the machine, and the versions of everything that took part. */
import {cpus, release, totalmem} from 'node:os';
import {version as nodeVersion} from 'node:process';
import {fileURLToPath} from 'node:url';
import {goTools} from '../tools/goTools.ts';
import {run} from '../tools/run.ts';

export interface Circumstances {
	readonly measuredAt: string;
	readonly machine: string;
	readonly versions: string;
	/** What else ran: the number of runnable processes, before anything was started. */
	readonly loadBefore: number;
	/** For those who made the page with fewer rounds. */
	readonly isQuick: boolean;
}

export const circumstances = async (loadBefore: number, isQuick: boolean): Promise<Circumstances> => {
	const folder = fileURLToPath(new URL('../..', import.meta.url));
	const commit = (await run('git', ['rev-parse', '--short=12', 'HEAD'], {cwd: folder})).trim();
	const isChanged = (await run('git', ['status', '--porcelain', '--', 'src', 'spec/src'], {cwd: folder})).trim() !== '';
	const {buildkitd, distribution, minio, toxiproxy} = goTools;
	const model = cpus()[0]?.model ?? 'unknown';
	return {
		measuredAt: new Date().toISOString(),
		machine: `${cpus().length} × ${model}, ${Math.round(totalmem() / 1024 ** 3)} GiB of memory, Linux ${release()}`,
		versions: [
			`layercache ${commit}${isChanged ? ' with changes that are not committed' : ''} on Node ${nodeVersion}`,
			`BuildKit ${buildkitd.version}`,
			`CNCF Distribution ${distribution.version}`,
			`MinIO ${minio.release}`,
			`toxiproxy ${toxiproxy.version}`,
		].join(', '),
		loadBefore,
		isQuick,
	};
};
