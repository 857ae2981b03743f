/** Small caches, pushed and imported as BuildKit does it: a step is a name, and has a layer and a record of its own. */
import {type Digest, digestOf, mediaTypes, parseManifest} from 'oci-spec-types';
import {type CacheDocument, type CacheForm, cacheConfigMediaType, parseCacheDocument, toManifest} from '../../src/cache/cacheDocument.ts';
import {type Client, describe} from './client.ts';

export const layerOf = (step: string) => `the layer of ${step}`;
export const layerDigest = (step: string): Digest => describe(layerOf(step)).digest;
export const recordDigest = (step: string): Digest => digestOf(Buffer.from(`the record of ${step}`));

/** BuildKit's Accept header for a tag that it reads. */
export const importerAccept = [
	mediaTypes.dockerManifest,
	mediaTypes.dockerManifestList,
	mediaTypes.ociManifest,
	mediaTypes.ociIndex,
	'*/*',
].join(', ');

export const asImporter = {Accept: importerAccept};
/** As it asks before it uploads something. */
export const asPusher = (type: string = mediaTypes.ociManifest) => ({Accept: `${type}, */*`});

export const cacheOf = (steps: readonly string[], {form = 'manifest' as CacheForm, createdAt = '2026-01-01T00:00:00Z'} = {}) =>
	toManifest({
		form,
		types: 'oci',
		config: {
			layers: steps.map(step => ({blob: layerDigest(step), parent: -1})),
			records: steps.map((step, layer) => ({digest: recordDigest(step), results: [{layer, createdAt}], chains: [], inputs: []})),
		},
		layers: steps.map(step => describe(layerOf(step))),
	});

type Pushed = {steps: readonly string[]; form?: CacheForm; createdAt?: string};

/** Layers that are not there, the config, the manifest. Answers the PUT's answer. */
export const pushCache = async (client: Client, repo: string, tag: string, {steps, ...options}: Pushed) => {
	const cache = cacheOf(steps, options);
	for (const step of steps) {
		const {status} = await client.head(`/v2/${repo}/blobs/${layerDigest(step)}`, asPusher(mediaTypes.ociLayerGzip));
		if (status === 404) await client.pushBlob(repo, layerOf(step));
	}
	await client.pushBlob(repo, cache.config);
	return client.putManifest(repo, tag, cache.manifest, cache.mediaType);
};

export type Imported = {
	digest: string;
	derived: string | null;
	from: string | null;
	mediaType: string;
	document: CacheDocument;
	steps: readonly Digest[];
};

/** HEAD of the tag, GET of its digest, GET of the config. `steps` are the layers that an importer may then ask for. Throws the status of what failed. */
export const importCache = async (head: Client, repo: string, tag: string, get: Client = head): Promise<Imported> => {
	const found = await head.head(`/v2/${repo}/manifests/${tag}`, asImporter);
	if (found.status !== 200) throw new Error(`HEAD ${found.status}`);
	const digest = String(found.headers.get('docker-content-digest'));
	const mediaType = String(found.headers.get('content-type'));
	const manifest = await get.get(`/v2/${repo}/manifests/${digest}`, {Accept: `${mediaType}, */*`});
	if (manifest.status !== 200) throw new Error(`GET ${manifest.status}`);
	const parsed = parseManifest(manifest.body, mediaType);
	const all = parsed.kind === 'image' ? [parsed.config] : parsed.kind === 'index' ? parsed.manifests : [];
	const descriptor = all.find(child => child.mediaType === cacheConfigMediaType);
	const config = await get.get(`/v2/${repo}/blobs/${descriptor?.digest}`, {Accept: `${cacheConfigMediaType}, */*`});
	if (config.status !== 200) throw new Error(`config ${config.status}`);
	const document = parseCacheDocument(parsed, config.body);
	return {
		digest,
		derived: found.headers.get('layercache-derived'),
		from: found.headers.get('layercache-derived-from'),
		mediaType,
		document,
		steps: document.layers.map(layer => layer.digest),
	};
};

/** The layers of these steps, in no order that means anything. */
export const layersOf = (...steps: readonly string[]): Digest[] => steps.map(layerDigest).sort();
