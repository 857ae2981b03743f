/** `npm run audit`: whether the packages that we ship have known holes. Ends with 0 (none), 1 (some) or 3 (the service did not answer: not known). */
import {spawnSync} from 'node:child_process';
import {exit, stderr, stdout} from 'node:process';
import {fileURLToPath} from 'node:url';
import {auditVerdict} from './audit/verdict.ts';

const cwd = fileURLToPath(new URL('..', import.meta.url));
const verdict = auditVerdict(spawnSync('npm', ['audit', '--json'], {cwd, encoding: 'utf8'}).stdout ?? '');

if (verdict.kind === 'clean') stdout.write('npm audit: its service answered, and knows of no hole in any package\n');
if (verdict.kind === 'vulnerable') {
	stderr.write('npm audit: its service answered, and knows of holes in:\n');
	for (const {name, severity} of verdict.packages) stderr.write(`  ${name} (${severity})\n`);
}
if (verdict.kind === 'unknown')
	stderr.write(`npm audit: its service did not answer, so nothing is known, and this is no pass: ${verdict.reason}\n`);

exit({clean: 0, vulnerable: 1, unknown: 3}[verdict.kind]);
