import {readFileSync} from 'node:fs';
import test from 'ava';
import {createMetrics} from '../../src/telemetry/metrics.ts';

const at = (path: string) => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8');
const metrics = () => createMetrics({version: '1.2.3'});

const ours = async () => (await metrics().report()).map(({name}) => name).filter(name => name.startsWith('layercache_'));

test('docs/metrics.md explains every metric that there is, and no other', async t => {
	const documented = [...at('docs/metrics.md').matchAll(/^\| `(layercache_\w+)`/gm)].map(([, name]) => name);
	t.deepEqual(documented.toSorted(), (await ours()).toSorted());
	t.is(new Set(documented).size, documented.length);
});

test('the largest repositories have a series each, and all others share one', async t => {
	const {setContents, text} = metrics();
	const repositories = Array.from({length: 30}, (_, index) => ({repo: `ci/app-${index}`, bytes: 100 + index, blobs: 1}));
	setContents({totals: {repositories: 30, bytes: 3435, blobs: 30}, repositories, budgets: []});
	const lines = (await text()).split('\n').filter(line => line.startsWith('layercache_repository_bytes{'));
	t.is(lines.length, 21);
	t.true(lines.includes('layercache_repository_bytes{repository="ci/app-29"} 129'));
	t.true(lines.includes('layercache_repository_bytes{repository="_others"} 1045'));
	t.regex(await text(), /^layercache_stored_bytes 3435$/m);
});

test('repositories that lack layers share a series after the first hundred', async t => {
	const {recordDerived, text} = metrics();
	for (let at = 0; at < 150; at++) recordDerived({repo: `ci/app-${at}`, ways: ['repaired'], made: true, missing: ['sha256:1']});
	recordDerived({repo: 'ci/app-0', ways: ['repaired'], made: true, missing: ['sha256:1']});
	const lines = (await text()).split('\n').filter(line => line.startsWith('layercache_missing_layers_total{'));
	t.is(lines.length, 101);
	t.true(lines.includes('layercache_missing_layers_total{repository="ci/app-0"} 2'));
	t.true(lines.includes('layercache_missing_layers_total{repository="_others"} 50'));
});

test('a repository that is gone has no series any more', async t => {
	const {setContents, text} = metrics();
	const totals = {repositories: 1, bytes: 1, blobs: 1};
	setContents({totals, repositories: [{repo: 'ci/gone', bytes: 1, blobs: 1}], budgets: [{match: 'ci/gone', size: 2, used: 1}]});
	setContents({totals, repositories: [], budgets: []});
	t.notRegex(await text(), /ci\/gone/);
});

test('only a cycle that was done counts as a success', async t => {
	const {recordCycle, text} = metrics();
	recordCycle({outcome: 'done', seconds: 3, endedAt: 5000});
	recordCycle({outcome: 'failed', seconds: 3, endedAt: 9000});
	t.regex(await text(), /^layercache_gc_last_success_timestamp_seconds 5$/m);
	t.regex(await text(), /^layercache_gc_cycles_total\{outcome="failed"\} 1$/m);
});
