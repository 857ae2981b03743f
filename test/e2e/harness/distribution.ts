/** CNCF Distribution, to compare with: the harness itself is tried on it. */
import {writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import {tool} from '../../../scripts/tools.ts';
import {startDaemon} from './daemon.ts';
import {freePort} from './freePort.ts';
import type {RegistryServer, Storage} from './registryServer.ts';
import type {Scope} from './scope.ts';
import {temporaryFolder} from './temporaryFolder.ts';
import {answers} from './until.ts';

export const startDistribution = async (scope: Scope, storage: Storage): Promise<RegistryServer> => {
	const command = await tool('distribution');
	const host = `127.0.0.1:${await freePort()}`;
	const url = `http://${host}`;
	const folder = await temporaryFolder(scope, 'distribution');
	const configFile = join(folder, 'config.yml');
	// YAML is a superset of JSON.
	const config = {
		version: 0.1,
		http: {addr: host},
		// The cache is in the configuration that its own documentation shows; redirects to S3 are on unless switched off.
		storage: {...storageConfig(storage), delete: {enabled: true}, cache: {blobdescriptor: 'inmemory'}},
	};
	await writeFile(configFile, JSON.stringify(config));
	const daemon = await startDaemon(scope, {
		name: 'distribution',
		command,
		args: ['serve', configFile],
		env: {HOME: folder, OTEL_TRACES_EXPORTER: 'none'},
		isReady: answers(`${url}/v2/`),
	});
	return {...daemon, url, host};
};

const storageConfig = (storage: Storage) => {
	if (storage.kind === 'disk') return {filesystem: {rootdirectory: storage.folder}};
	const {server, bucket} = storage;
	return {
		s3: {
			bucket,
			region: server.region,
			regionendpoint: server.endpoint,
			accesskey: server.accessKey,
			secretkey: server.secretKey,
			forcepathstyle: true,
			secure: false,
		},
	};
};
