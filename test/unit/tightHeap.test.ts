/** How far a heap grows before it is collected, with and without somebody who wants it small. */
import {execFile} from 'node:child_process';
import {execPath} from 'node:process';
import {promisify} from 'node:util';
import test from 'ava';

const program = `
import {tightenHeap} from ${JSON.stringify(new URL('../../src/lib/tightHeap.ts', import.meta.url).href)};
const kept = Array.from({length: 400_000}, (_, at) => ({at, text: 'text ' + at}));
const highest = () => {
	let most = 0;
	// From then on V8 knows how much is in use.
	gc();
	const ring = [];
	for (let at = 0; at < 6_000_000; at += 1) {
		ring[at % 60_000] = {at, list: [at]};
		if (at % 10_000 === 0) most = Math.max(most, process.memoryUsage().heapUsed);
	}
	return most;
};
const loose = highest();
const [relax, relaxToo] = [tightenHeap(), tightenHeap()];
relax();
relax();
const tight = highest();
relaxToo();
console.log(JSON.stringify({loose, tight, kept: kept.length}));
`;

test('a heap stays closer to what is in use until the last who wanted it has done', async t => {
	const {stdout} = await promisify(execFile)(execPath, [
		'--max-semi-space-size=1',
		'--expose-gc',
		'--input-type=module',
		'--eval',
		program,
	]);
	const {loose, tight} = JSON.parse(stdout);
	t.true(tight < loose * 0.75, `${tight} and ${loose} bytes`);
});
