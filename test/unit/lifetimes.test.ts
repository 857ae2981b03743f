import test from 'ava';
import fc from 'fast-check';
import {parseSettings, SettingsInvalid} from '../../src/config/settings.ts';
import {createLifetimes, LifetimesUnfit} from '../../src/registry/lifetimes.ts';
import {lifetimesOf} from '../../src/serverLifetimes.ts';

const hourMs = 3_600_000;
const settingsOf = (environment: Record<string, string>) => parseSettings(environment).settings;

test('whatever the quarantine, what is believed is over by half of it, and no upload outlives it', t => {
	const quarantine = fc.integer({min: 10_000, max: 90 * 24 * hourMs});
	const inputs = fc.record({
		graceMs: fc.integer({min: 1, max: 90 * 24 * hourMs}),
		quarantineMs: quarantine,
		index: fc.double({min: 0, max: 1, noNaN: true}),
	});
	fc.assert(
		fc.property(inputs, ({graceMs, quarantineMs, index}) => {
			const indexMs = index * Math.min(600_000, quarantineMs / 8);
			const made = createLifetimes({graceMs, quarantineMs, indexMs});
			t.true(2 * made.tombstoneListMs + made.indexMs < quarantineMs / 2);
			t.true(made.indexMs <= made.tombstoneListMs && made.manifestMs < quarantineMs / 2);
			t.true(made.longestUploadMs <= graceMs && made.longestUploadMs <= quarantineMs);
			t.true(made.deleteWindowMs + made.deleteSlackMs < quarantineMs / 2);
			t.true(made.leaseMs >= 15_000 && made.leaseMs <= Math.max(15_000, quarantineMs / 4));
		}),
	);
});

test('by default everything is as the documentation says', t => {
	const made = lifetimesOf(settingsOf({LAYERCACHE_STORE: 's3', LAYERCACHE_S3_BUCKET: 'b'}));
	t.like(made, {graceMs: 72 * hourMs, quarantineMs: 72 * hourMs, indexMs: 300_000, tombstoneListMs: 600_000});
	t.like(made, {longestUploadMs: 48 * hourMs, idleUploadMs: 24 * hourMs, deleteWindowMs: 10_000, deleteSlackMs: 3000});
	t.like(lifetimesOf(settingsOf({})), {graceMs: 72 * hourMs, quarantineMs: 6 * hourMs, indexMs: 0});
});

test('a short quarantine shortens what is believed, and an index that outlives it is refused by name', t => {
	const short = {LAYERCACHE_STORE: 'memory', LAYERCACHE_GC_QUARANTINE: '30m'};
	t.is(lifetimesOf(settingsOf(short)).indexMs, 112_500);
	// What remembers takes nothing but whole milliseconds.
	t.is(lifetimesOf(settingsOf({...short, LAYERCACHE_GC_QUARANTINE: '61s'})).indexMs, 3812);
	const error = t.throws(() => lifetimesOf(settingsOf({...short, LAYERCACHE_REGISTRY_INDEX_SECONDS: '300'})), {
		instanceOf: SettingsInvalid,
	});
	t.regex(error.message, /LAYERCACHE_REGISTRY_INDEX_SECONDS.* 225 s at most with a quarantine of 1800 s/);
	t.throws(() => createLifetimes({graceMs: 1, quarantineMs: 9999, indexMs: 0}), {instanceOf: LifetimesUnfit});
});
