/** zot, where someone has its binary: as its documentation sets it up for S3. */
import {mkdir, writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import {startDaemon} from '../../test/e2e/harness/daemon.ts';
import {freePort} from '../../test/e2e/harness/freePort.ts';
import type {RegistryServer} from '../../test/e2e/harness/registryServer.ts';
import type {S3Server} from '../../test/e2e/harness/s3Server.ts';
import type {Scope} from '../../test/e2e/harness/scope.ts';
import {temporaryFolder} from '../../test/e2e/harness/temporaryFolder.ts';
import {answers} from '../../test/e2e/harness/until.ts';

export const startZot = async (scope: Scope, command: string, server: S3Server, bucket: string): Promise<RegistryServer> => {
	const port = await freePort();
	const host = `127.0.0.1:${port}`;
	const url = `http://${host}`;
	const folder = await temporaryFolder(scope, 'zot');
	const rootDirectory = join(folder, 'root');
	await mkdir(rootDirectory);
	const configFile = join(folder, 'config.json');
	const config = {
		storage: {
			rootDirectory,
			dedupe: false,
			gc: false,
			storageDriver: {
				name: 's3',
				rootdirectory: '/zot',
				region: server.region,
				regionendpoint: server.endpoint,
				bucket,
				secure: false,
				skipverify: false,
				forcepathstyle: true,
				accesskey: server.accessKey,
				secretkey: server.secretKey,
			},
		},
		http: {address: '127.0.0.1', port: String(port)},
		log: {level: 'info', output: join(folder, 'zot.log')},
	};
	await writeFile(configFile, JSON.stringify(config), {mode: 0o600});
	const daemon = await startDaemon(scope, {
		name: 'zot',
		command,
		args: ['serve', configFile],
		env: {HOME: folder},
		isReady: answers(`${url}/v2/`),
	});
	return {...daemon, url, host};
};
