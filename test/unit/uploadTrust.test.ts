import test from 'ava';
import {createUploadTrust, fixedTrust} from '../../src/registry/uploadTrust.ts';
import type {UploadVerdict} from '../../src/storage/objectStore.ts';

const good = {redirect: true, reason: 'took the bytes that were signed and refused all others'};
const bad = {redirect: false, reason: 'takes tags that were not signed'};

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

test('a verdict holds until a new look finds another, and only what is new is told', async t => {
	const told: UploadVerdict[] = [];
	const answers = [good, bad, bad];
	const trust = createUploadTrust({first: good, probe: async () => answers.shift() as UploadVerdict, onChange: v => told.push(v)});
	t.deepEqual(trust.verdict(), good);
	await trust.renew();
	t.deepEqual(told, []);
	await trust.renew();
	t.deepEqual(trust.verdict(), bad);
	await trust.renew();
	t.deepEqual(told, [bad]);
});

test('looks at the same time are one', async t => {
	const {probe, looks} = heldProbe();
	const trust = createUploadTrust({first: bad, probe, onChange: () => undefined});
	const both = [trust.renew(), trust.renew()];
	t.is(looks.length, 1);
	looks[0]?.resolve(good);
	await Promise.all(both);
	t.true(trust.verdict().redirect);
});

test('after a doubt uploads are streamed until a look that began later has ended', async t => {
	const {probe, looks} = heldProbe();
	const trust = createUploadTrust({first: good, probe, onChange: () => undefined});
	const early = trust.renew();
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
	await trust.renew();
	t.true(trust.verdict().redirect);
});

test('a doubt about a store that is not trusted asks nothing', t => {
	const {probe, looks} = heldProbe();
	createUploadTrust({first: bad, probe, onChange: () => undefined}).doubt();
	t.is(looks.length, 0);
});

test('a look that fails is no trust, and its message is not repeated', async t => {
	const probe = () => Promise.reject(new TypeError('with something secret'));
	const trust = createUploadTrust({first: good, probe, onChange: () => undefined});
	await trust.renew();
	t.deepEqual(trust.verdict(), {redirect: false, reason: 'the look at the store failed: TypeError'});
});

test('what the settings say is neither doubted nor looked at again', async t => {
	const trust = fixedTrust(good);
	trust.doubt();
	await trust.renew();
	t.is(trust.verdict(), good);
});
