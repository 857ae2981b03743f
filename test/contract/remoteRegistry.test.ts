/** Another registry, spoken to over HTTP, keeps the contract of every registry: here it is layercache itself. */
import {startApp} from '../support/app.ts';
import {remoteRegistryAt} from '../support/registries.ts';
import {registryContract} from './registry.ts';

registryContract({
	async createRegistry(t) {
		const {url} = await startApp(t);
		return remoteRegistryAt(t, url);
	},
	cannot: {
		'times of pushes': 'no registry tells them over HTTP',
		'missing layers told': 'a 201 does not name them',
	},
});
