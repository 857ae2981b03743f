/** Amazon ECR, as its double plays it, keeps the contract of every registry as far as it goes. */
import {startEcr} from '../support/ecrUpstream.ts';
import {registryContract} from './registry.ts';

registryContract({
	createRegistry: async t => (await startEcr(t, {ecr: {createRepositories: true}, rates: {PutImage: 1000}})).registry,
	cannot: {
		'times of pushes': 'no registry tells them over HTTP',
		'missing layers told': 'a 201 does not name them',
		'unknown lengths': 'a part of its storage has a length beforehand',
		chunks: 'those after the first are lost',
		'indexes of blobs': 'an index there is one of images',
		'deleting blobs': 'nothing is deleted over OCI',
		'deleting manifests': 'nothing is deleted over OCI',
		'deleting tags': 'nothing is deleted over OCI',
		mounts: 'only where the account has opted in',
	},
});
