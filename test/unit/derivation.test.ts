import test from 'ava';
import {parseTag} from 'oci-spec-types';
import type {CacheSource} from '../../src/refs/cacheSources.ts';
import {planOf} from '../../src/refs/derivation.ts';
import {cacheOf, layerDigest} from '../support/caches.ts';
import {describe} from '../support/client.ts';

const limitBytes = 1024 * 1024;

const source = (step: string, missing: readonly string[] = []): CacheSource => {
	const {digest, mediaType, manifest, configDescriptor: config} = cacheOf([step]);
	const stored = {digest, mediaType, bytes: manifest};
	const layers = [describe(`the layer of ${step}`)];
	return {tag: parseTag(step), digest, pushedAt: new Date(0), stored, config, layers, missing: missing.map(layerDigest)};
};

test('one cache that is whole and within the limit needs nothing', t => {
	t.is(planOf([source('one')], limitBytes), undefined);
});

test('what has to be done is known beforehand, but whether a union fits', t => {
	const waysOf = (...given: Parameters<typeof planOf>) => [...(planOf(...given)?.ways ?? [])];
	t.deepEqual(waysOf([source('one', ['one'])], limitBytes), ['repaired']);
	t.deepEqual(waysOf([source('one'), source('two')], limitBytes), ['union']);
	t.deepEqual(waysOf([source('one')], 100), ['compacted']);
	t.deepEqual(waysOf([source('one'), source('two', ['two'])], 100), ['union', 'repaired', 'compacted']);
});

test('the order of the sources, and the tags that they were found by, change nothing', t => {
	const [one, two] = [source('one', ['one']), source('two', ['two'])];
	const plan = planOf([one, two], limitBytes);
	t.deepEqual(planOf([two, one], limitBytes), plan);
	t.is(planOf([{...two, tag: parseTag('other')}, one], limitBytes)?.key, plan?.key);
});

test('other sources, other losses and another limit are another document', t => {
	const keys = [
		planOf([source('one'), source('two')], limitBytes),
		planOf([source('one'), source('three')], limitBytes),
		planOf([source('one'), source('two', ['two'])], limitBytes),
		planOf([source('one'), source('two')], limitBytes + 1),
	].map(plan => plan?.key);
	t.is(new Set(keys).size, 4);
	t.true(keys.every(key => /^[0-9a-f]{64}$/.test(key ?? '')));
});
