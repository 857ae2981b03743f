/** CNCF Distribution, spoken to as another registry, keeps the contract of every registry as far as it goes. */
import test from 'ava';
import {registryContract} from '../contract/registry.ts';
import {remoteRegistryAt} from '../support/registries.ts';
import {startDistribution} from './harness/distribution.ts';
import {fileScope} from './harness/scope.ts';
import {temporaryFolder} from './harness/temporaryFolder.ts';
import {whenAsked} from './harness/whenAsked.ts';

const scope = fileScope(test);
const server = whenAsked(async () => startDistribution(scope, {kind: 'disk', folder: await temporaryFolder(scope, 'distribution-data')}));

registryContract({
	createRegistry: async t => remoteRegistryAt(t, (await server()).url),
	cannot: {
		'times of pushes': 'no registry tells them over HTTP',
		referrers: 'it has no such endpoint, nor has anybody kept the tag for it',
		'caches without layers': 'it knows no caches',
		'sizes in manifests': 'it looks only whether blobs are there',
		'manifests of any type': 'it has a list of types',
		'sha512 manifests': 'it names every manifest by sha256',
	},
});
