import test from 'ava';
import {withVerificationsCounted} from '../../src/operations/withVerificationsCounted.ts';
import {createMetrics} from '../../src/telemetry/metrics.ts';
import {sampleOperations} from '../support/sampleAnswers.ts';

const at = '2026-11-27T09:30:00.000Z';
const answer = (complete: boolean) => ({
	...{startedAt: at, complete, repositories: 1, checked: {count: 12, bytes: 3400}, findingCount: 1},
	findings: [
		{kind: 'damaged', repository: 'ci/app', key: 'repos/ci/app/_blobs/sha256/ab/ab', problem: 'its bytes are not what its digest says'},
	],
});

test('what a verify found is counted once it has come to its end', async t => {
	const metrics = createMetrics({version: '1'});
	const verify = (complete: boolean) =>
		withVerificationsCounted(sampleOperations({verify: () => answer(complete)}), metrics).run('verify', {});
	await verify(false);
	t.regex(await metrics.text(), /^layercache_verify_objects_total 0$/m);
	t.regex(await metrics.text(), /^layercache_verify_findings_total\{finding="damaged"\} 0$/m);
	await verify(true);
	t.regex(await metrics.text(), /^layercache_verify_objects_total 12$/m);
	t.regex(await metrics.text(), /^layercache_verify_bytes_total 3400$/m);
	t.regex(await metrics.text(), /^layercache_verify_findings_total\{finding="damaged"\} 1$/m);
});
