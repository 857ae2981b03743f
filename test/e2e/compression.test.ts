/** Layers in each of BuildKit's compressions: kept as pushed, and good for a builder that has nothing. */
import test from 'ava';
import {cacheBuild, everyStepIsCached, fromRegistry} from './harness/cacheBuild.ts';
import {createContext, lastStep} from './harness/context.ts';
import {startRegistry} from './harness/registry.ts';
import {cacheLayers, type Descriptor, getManifest} from './harness/registryClient.ts';
import {diskAndMinio} from './harness/storages.ts';

const isType = (mediaType: string) => (layer: Descriptor) => layer.mediaType === mediaType;
const hasTableOfContents = ({annotations = {}}: Descriptor) => 'containerd.io/snapshot/stargz/toc.digest' in annotations;

const compressions: Record<string, (layer: Descriptor) => boolean> = {
	gzip: layer => isType('application/vnd.oci.image.layer.v1.tar+gzip')(layer) && !hasTableOfContents(layer),
	zstd: isType('application/vnd.oci.image.layer.v1.tar+zstd'),
	// eStargz is gzip that brings a table of contents along; its annotation is all that tells them apart.
	estargz: layer => isType('application/vnd.oci.image.layer.v1.tar+gzip')(layer) && hasTableOfContents(layer),
	uncompressed: isType('application/vnd.oci.image.layer.v1.tar'),
};

for (const kind of diskAndMinio(test)) {
	for (const [compression, isCompressed] of Object.entries(compressions)) {
		test(`layers pushed as ${compression} are stored so and brought back on ${kind.name}`, async t => {
			t.timeout(180_000);
			const registry = await startRegistry(t, await kind.create(t));
			const context = await createContext(t);
			const ref = `${registry.host}/team/app:cache`;
			const cacheTo = [`type=registry,ref=${ref},mode=max,compression=${compression},force-compression=true`];

			const first = await cacheBuild(t, {context, cacheTo});
			const layers = cacheLayers(await getManifest(registry, 'team/app', 'cache'));
			t.true(layers.length > 4);
			t.deepEqual(
				layers.filter(layer => !isCompressed(layer)),
				[],
			);

			await everyStepIsCached(t, {context, cacheFrom: fromRegistry(ref), packed: first.packed});

			// The last stage needs files of the stage before it: its layers are fetched and unpacked.
			await context.writeSource(2);
			t.deepEqual((await cacheBuild(t, {context, cacheFrom: fromRegistry(ref)})).ran, lastStep);
		});
	}
}
