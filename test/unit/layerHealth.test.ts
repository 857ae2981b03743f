/** What is remembered of layers that are gone, and for how long. */
import test from 'ava';
import {type Digest, digestOf, parseRepositoryName} from 'oci-spec-types';
import {createLayerHealth} from '../../src/refs/layerHealth.ts';
import type {Registry} from '../../src/registry/registry.ts';
import {layerDigest} from '../support/caches.ts';
import {describe} from '../support/client.ts';

const repo = parseRepositoryName('ci/app');
const manifest = digestOf(Buffer.from('manifest'));
const steps = ['one', 'two', 'three'];
const blobs = steps.map(step => describe(`the layer of ${step}`));
const sorted = (...names: string[]) => names.map(layerDigest).sort();

const setUp = (lifetimeMs = 1000) => {
	const now = {ms: 1};
	const gone = new Set<Digest>();
	const asked: number[] = [];
	const registry: Pick<Registry, 'statBlobs'> = {
		async statBlobs(_, digests) {
			asked.push(digests.length);
			return new Map(blobs.filter(({digest}) => digests.includes(digest) && !gone.has(digest)).map(({digest, size}) => [digest, size]));
		},
	};
	const health = createLayerHealth(registry as Registry, {lifetimeMs, elapsed: () => now.ms});
	return {now, gone, asked, health, missing: () => health.missing(repo, manifest, blobs)};
};

test('what was gone is not looked for again, and what was there is each time', async t => {
	const {gone, asked, missing} = setUp();
	gone.add(layerDigest('two'));
	t.deepEqual(await missing(), sorted('two'));
	gone.delete(layerDigest('two'));
	t.deepEqual(await missing(), sorted('two'));
	t.deepEqual(asked, [3, 2]);
});

test('when one more is gone, all are looked for again', async t => {
	const {gone, asked, missing} = setUp();
	gone.add(layerDigest('two'));
	await missing();
	gone.delete(layerDigest('two'));
	gone.add(layerDigest('one'));
	t.deepEqual(await missing(), sorted('one'));
	t.deepEqual(asked, [3, 2, 3]);
});

test('it is believed for the lifetime, and until the manifest is pushed again', async t => {
	const {now, gone, health, missing} = setUp();
	gone.add(layerDigest('two'));
	await missing();
	gone.clear();
	now.ms = 1001;
	t.deepEqual(await missing(), sorted('two'));
	now.ms = 1002;
	t.deepEqual(await missing(), []);
	gone.add(layerDigest('two'));
	await missing();
	gone.clear();
	health.forget(repo, manifest);
	t.deepEqual(await missing(), []);
});

test('of another manifest nothing is believed, and without a lifetime of none', async t => {
	const {gone, health, missing} = setUp();
	gone.add(layerDigest('two'));
	await missing();
	gone.clear();
	t.deepEqual(await health.missing(repo, digestOf(Buffer.from('other')), blobs), []);
	const without = setUp(0);
	without.gone.add(layerDigest('one'));
	t.deepEqual(await without.missing(), sorted('one'));
	without.gone.clear();
	t.deepEqual(await without.missing(), []);
});
