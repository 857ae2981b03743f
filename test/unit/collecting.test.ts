import test from 'ava';
import {collecting} from '../../src/collecting.ts';
import {createReports} from '../../src/gc/report.ts';
import {createLog} from '../../src/telemetry/log.ts';
import {createMetrics} from '../../src/telemetry/metrics.ts';
import {createCollecting, hourMs, nothingGoes} from '../support/collecting.ts';

const log = createLog({format: 'json', level: 'error'}, {write: () => undefined});

test('the metrics of every replica tell what the last cycle has found, also of one that left it to another', async t => {
	const room = createCollecting();
	await room.point('ci/app', 'main', await room.putManifest('ci/app', ['a layer']));
	const retention = () => ({
		...nothingGoes,
		decideTogether: async () => ({removals: [], budgets: [{match: 'ci/**', size: 1000, bytes: 400}]}),
	});
	const replica = async (): Promise<string> => {
		const metrics = createMetrics({version: '1'});
		const sweep = collecting(room.collector({retention}), {
			...{everyMs: hourMs, elapsed: () => room.time.now, log, metrics},
			lastReport: async () => (await createReports(room.store).read({limit: 1}))[0],
		});
		await Array.fromAsync(sweep.run(async () => undefined, new AbortController().signal));
		return metrics.text();
	};

	const first = await replica();
	t.regex(first, /^layercache_gc_cycles_total\{outcome="done"\} 1$/m);
	room.pass(hourMs / 4);
	const second = await replica();
	t.regex(second, /^layercache_gc_cycles_total\{outcome="done"\} 0$/m);
	for (const text of [first, second]) {
		t.regex(text, /^layercache_repositories 1$/m);
		t.regex(text, /^layercache_repository_blobs\{repository="ci\/app"\} 2$/m);
		t.regex(text, /^layercache_budget_used_bytes\{budget="ci\/\*\*"\} 400$/m);
		t.regex(text, /^layercache_budget_size_bytes\{budget="ci\/\*\*"\} 1000$/m);
	}
});
