import test from 'ava';
import {OciError} from 'oci-spec-types';
import {createGlance} from '../../src/upstream/glances.ts';
import {UpstreamFailure} from '../../src/upstream/upstream.ts';

const start = () => {
	const clock = {now: 0};
	const waits: {ms: number; end: () => void}[] = [];
	const glance = createGlance(
		() => clock.now,
		ms => new Promise<void>(end => waits.push({ms, end})),
	);
	return {clock, waits, glance};
};
const answers = async () => 'an answer';
const failing = (isPassing: boolean) => async () => {
	throw new UpstreamFailure('UNAVAILABLE', {host: 'there.example', operation: 'statBlob', message: 'away', isPassing});
};

test('an upstream that hangs is given a moment, and then not asked for a while; another one is', async t => {
	const {clock, waits, glance} = start();
	const hanging = glance('there', () => new Promise<string>(() => undefined));
	t.is(waits[0]?.ms, 5000);
	waits[0]?.end();
	t.like(await t.throwsAsync(hanging, {instanceOf: OciError}), {code: 'UNAVAILABLE'});
	let asked = 0;
	const count = async () => ++asked;
	await t.throwsAsync(glance('there', count), {message: /the upstream there does not answer/});
	t.is(asked, 0);
	t.is(await glance('other', answers), 'an answer');
	clock.now = 10_000;
	t.is(await glance('there', count), 1);
});

test('one that failed for a passing reason is passed over for a while, one that refuses is asked the next time too', async t => {
	for (const isPassing of [true, false]) {
		const {glance} = start();
		await t.throwsAsync(glance('there', failing(isPassing)), {message: 'away'});
		const next = glance('there', answers);
		if (isPassing) await t.throwsAsync(next, {message: /does not answer/});
		else t.is(await next, 'an answer');
	}
});
