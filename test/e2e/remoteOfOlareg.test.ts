/** olareg, spoken to as another registry, keeps the contract of every registry as far as it goes. */
import test from 'ava';
import {registryContract} from '../contract/registry.ts';
import {remoteRegistryAt} from '../support/registries.ts';
import {startOlareg} from './harness/olareg.ts';
import {fileScope} from './harness/scope.ts';
import {whenAsked} from './harness/whenAsked.ts';

const scope = fileScope(test);
const server = whenAsked(() => startOlareg(scope));

registryContract({
	createRegistry: async t => remoteRegistryAt(t, (await server()).url),
	cannot: {
		'times of pushes': 'no registry tells them over HTTP',
		'caches without layers': 'it knows no caches',
		'sizes in manifests': 'it looks only whether blobs are there',
		'manifests of any type': 'it has a list of types',
		'digests of chunks': 'it calls that an invalid upload',
		'list of repositories': 'it has no catalog',
		'unknown repositories': 'one that is not there has no tags',
	},
});
