/** A registry that is put in front of another one, to which its images go through, keeps the contract of every registry. */
import {parsePolicy} from '../../src/config/policy.ts';
import {createMemoryStore} from '../../src/storage/memory.ts';
import {createHandOver} from '../../src/upstream/handOver.ts';
import {createRouting} from '../../src/upstream/routing.ts';
import {withUpstreamReads} from '../../src/upstream/withUpstreamReads.ts';
import {withWriteThrough} from '../../src/upstream/withWriteThrough.ts';
import {storedRegistryOn} from '../support/registries.ts';
import {registryContract} from './registry.ts';

const policy = parsePolicy('upstreams: {there: {url: "https://there.example"}}\nroutes: [{match: "**:*", upstream: there}]', 'policy.yaml');

const storedRegistry = () => {
	let skippedMs = 0;
	const store = createMemoryStore({now: () => new Date(Date.now() + skippedMs)});
	return storedRegistryOn(store, {
		async wait(ms) {
			skippedMs += ms;
		},
	});
};

registryContract({
	async createRegistry() {
		const [here, there] = [storedRegistry(), storedRegistry()];
		const routing = createRouting(
			() => policy,
			() => there,
		);
		const writing = withWriteThrough(here, {routing, handOver: createHandOver(here), enqueue: async () => undefined});
		return withUpstreamReads(writing, {
			routing,
			isWaiting: async () => false,
			glance: (_, ask) => ask(),
			redirects: true,
			onPassedOver: () => undefined,
		});
	},
	cannot: {
		'deleting blobs': 'what was handed over stays upstream, and is read from there',
		'deleting manifests': 'an image that was handed over is deleted upstream',
		'deleting tags': 'an image that was handed over is deleted upstream',
		'tags that go with their manifest': 'an image that was handed over is deleted upstream',
	},
});
