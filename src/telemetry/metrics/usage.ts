/** What builds make of their caches, and whether that is written down. */
import {beginAt0, type Instruments} from './instruments.ts';

export const createUsageMetrics = ({counter}: Instruments) => {
	const imports = counter(
		'layercache_imports_total',
		'Tags that importers asked for: a hit was answered with a cache, a miss with 404.',
		'outcome',
	);
	const pushes = counter('layercache_pushes_total', 'Manifests that were pushed to a tag, and pushes that found nothing to do.');
	const layers = counter('layercache_layers_fetched_total', 'Layers that were fetched: redirected to the store, or streamed.', 'way');
	const layerBytes = counter(
		'layercache_layers_fetched_bytes_total',
		'Their bytes, by their descriptors: of redirected ones the server sees no more.',
		'way',
	);
	const receivedBytes = counter(
		'layercache_blobs_received_bytes_total',
		'Bytes of blobs that builders sent: redirected to the store, by what they said beforehand, or streamed.',
		'way',
	);
	const flushes = counter(
		'layercache_usage_flushes_total',
		'How often what was used was written to the store: stored, or failed and kept for the next time.',
		'outcome',
	);

	beginAt0(imports, 'outcome', ['hit', 'miss']);
	beginAt0(flushes, 'outcome', ['stored', 'failed']);

	return {
		recordImport: (outcome: 'hit' | 'miss') => imports.inc({outcome}),
		recordPush: () => pushes.inc(),
		recordLayerFetched(way: 'redirected' | 'streamed', bytes: number) {
			layers.inc({way});
			layerBytes.inc({way}, bytes);
		},
		recordBlobReceived: (way: 'redirected' | 'streamed', bytes: number) => receivedBytes.inc({way}, bytes),
		recordUsageFlush: (outcome: 'stored' | 'failed') => flushes.inc({outcome}),
	};
};
