/** layercache itself, from this checkout, as a process of its own. */
import {execPath, env as ownEnv} from 'node:process';
import {fileURLToPath} from 'node:url';
import {startDaemon} from './daemon.ts';
import {freePort} from './freePort.ts';
import type {RegistryServer, Storage} from './registryServer.ts';
import type {Scope} from './scope.ts';
import {temporaryFolder} from './temporaryFolder.ts';
import {answers} from './until.ts';

export interface LayercacheOptions {
	readonly storage: Storage;
	readonly env?: NodeJS.ProcessEnv;
	/** Given when a server comes back at the address of one that ended. */
	readonly port?: number;
}

export const checkout = fileURLToPath(new URL('../../..', import.meta.url));

export const startLayercache = async (scope: Scope, options: LayercacheOptions): Promise<RegistryServer> => {
	const port = options.port ?? (await freePort());
	const host = `127.0.0.1:${port}`;
	const url = `http://${host}`;
	const daemon = await startDaemon(scope, {
		name: 'layercache',
		command: execPath,
		args: ['src/main.ts'],
		cwd: checkout,
		env: {
			...environmentWithoutSettings(),
			HOME: await temporaryFolder(scope, 'home'),
			LAYERCACHE_HOST: '127.0.0.1',
			LAYERCACHE_PORT: String(port),
			...storageSettings(options.storage),
			...options.env,
		},
		isReady: answers(`${url}/readyz`),
	});
	return {...daemon, url, host};
};

export const storageSettings = (storage: Storage): NodeJS.ProcessEnv => {
	if (storage.kind === 'disk') return {LAYERCACHE_STORE: 'disk', LAYERCACHE_DISK_PATH: storage.folder};
	const {server, bucket} = storage;
	return {
		LAYERCACHE_STORE: 's3',
		LAYERCACHE_S3_BUCKET: bucket,
		LAYERCACHE_S3_REGION: server.region,
		LAYERCACHE_S3_ENDPOINT: server.endpoint,
		LAYERCACHE_S3_FORCE_PATH_STYLE: 'true',
		AWS_ACCESS_KEY_ID: server.accessKey,
		AWS_SECRET_ACCESS_KEY: server.secretKey,
	};
};

/** The developer's own settings and credentials must not decide what the tests see. */
export const environmentWithoutSettings = (): NodeJS.ProcessEnv =>
	Object.fromEntries(Object.entries(ownEnv).filter(([name]) => !/^(LAYERCACHE|AWS)_/.test(name)));
