import test from 'ava';
import {createUploadTrust, fixedTrust, looksEveryMs, type UploadTrustOptions} from '../../src/registry/uploadTrust.ts';
import type {UploadVerdict} from '../../src/storage/objectStore.ts';

const good = {redirect: true, reason: 'took the bytes that were signed and refused all others'};
const bad = {redirect: false, reason: 'takes tags that were not signed'};
const unclear = {redirect: false, reason: 'answered 503', isUnclear: true};

/** A probe whose answers come when the test says so. */
const heldProbe = () => {
	const looks: PromiseWithResolvers<UploadVerdict>[] = [];
	const probe = () => {
		const look = Promise.withResolvers<UploadVerdict>();
		looks.push(look);
		return look.promise;
	};
	return {probe, looks};
};

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;

/** With a clock that the test turns. */
const trustFrom = (first: UploadVerdict, probe: UploadTrustOptions['probe']) => {
	let now = 0;
	const told: UploadVerdict[] = [];
	const trust = createUploadTrust({first, probe, onChange: verdict => told.push(verdict), elapsed: () => now});
	return {
		trust,
		told,
		pass(ms: number) {
			now += ms;
		},
	};
};

test('a verdict holds until a new look finds another, and only what is new is told', async t => {
	const answers = [good, bad, bad];
	const {trust, told, pass} = trustFrom(good, async () => answers.shift() as UploadVerdict);
	const lookLater = () => {
		pass(hourMs);
		return trust.renewIfDue();
	};
	t.deepEqual(trust.verdict(), good);
	await lookLater();
	t.deepEqual(told, []);
	await lookLater();
	t.deepEqual(trust.verdict(), bad);
	await lookLater();
	t.deepEqual(told, [bad]);
	t.is(answers.length, 0);
});

test('a clear verdict is believed for an hour, one that is neither yes nor no until the next call', async t => {
	const answers = [unclear, unclear, good];
	const {trust, pass} = trustFrom(bad, async () => answers.shift() as UploadVerdict);
	const callsUntil = async (left: number) => {
		let calls = 0;
		while (answers.length > left) {
			pass(looksEveryMs);
			await trust.renewIfDue();
			calls += 1;
		}
		return calls;
	};
	t.is(await callsUntil(2), hourMs / looksEveryMs);
	t.is(await callsUntil(1), 1);
	t.is(await callsUntil(0), 1);
	t.deepEqual(trust.verdict(), good);
});

test('looks at the same time are one', async t => {
	const {probe, looks} = heldProbe();
	const {trust} = trustFrom(unclear, probe);
	const both = [trust.renewIfDue(), trust.renewIfDue()];
	t.is(looks.length, 1);
	looks[0]?.resolve(good);
	await Promise.all(both);
	t.true(trust.verdict().redirect);
});

test('after a doubt uploads are streamed until a look that began later has ended', async t => {
	const {probe, looks} = heldProbe();
	const {trust, pass} = trustFrom(good, probe);
	pass(hourMs);
	const early = trust.renewIfDue();
	trust.doubt();
	trust.doubt();
	t.false(trust.verdict().redirect);
	t.regex(trust.verdict().reason, /never arrived/);
	looks[0]?.resolve(good);
	await early;
	t.false(trust.verdict().redirect);
	await new Promise(setImmediate);
	t.is(looks.length, 2);
	looks[1]?.resolve(good);
	await new Promise(setImmediate);
	t.true(trust.verdict().redirect);
});

test('a doubt soon after a look that found no fault changes nothing, so that no client can have everybody stream', async t => {
	const {probe, looks} = heldProbe();
	const {trust, told, pass} = trustFrom(good, probe);
	const isDoubted = () => {
		trust.doubt();
		return !trust.verdict().redirect;
	};
	pass(10 * minuteMs - 1);
	t.false(isDoubted());
	pass(1);
	t.true(isDoubted());
	await new Promise(setImmediate);
	looks[0]?.resolve(good);
	await new Promise(setImmediate);
	t.false(isDoubted());
	pass(10 * minuteMs - 1);
	t.false(isDoubted());
	t.deepEqual([looks.length, told.length], [1, 2]);
	pass(1);
	t.true(isDoubted());
});

test('a doubt about a store that is not trusted asks nothing', t => {
	const {probe, looks} = heldProbe();
	const {trust, pass} = trustFrom(bad, probe);
	pass(hourMs);
	trust.doubt();
	t.is(looks.length, 0);
});

test('a look that fails is no trust, and its message is not repeated', async t => {
	const {trust, pass} = trustFrom(good, () => Promise.reject(new TypeError('with something secret')));
	pass(hourMs);
	await trust.renewIfDue();
	t.deepEqual(trust.verdict(), {redirect: false, reason: 'the look at the store failed: TypeError', isUnclear: true});
});

test('what the settings say is neither doubted nor looked at again', async t => {
	const trust = fixedTrust(good);
	trust.doubt();
	await trust.renewIfDue();
	t.is(trust.verdict(), good);
});
