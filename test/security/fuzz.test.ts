/** Generated requests against the whole server, on real sockets and with authentication on: a few here, 100,000 in the e2e run, a million by hand. */
import test from 'ava';
import {runFuzz} from '../../scripts/fuzz/run.ts';
import {verdictOf} from '../../scripts/fuzz/verdict.ts';

test('some thousand generated requests get no failure, no silence and nothing that is not theirs', async t => {
	const report = await runFuzz({requests: 2000, seed: 20_261_127});
	t.deepEqual(verdictOf(report), []);
	// They come as far as the registry, and not only to its door.
	for (const status of [200, 201, 202, 400, 401, 403, 404]) t.true((report.statuses.get(status) ?? 0) > 10, `${status}`);
});
