/** A MinIO server of the test's own. */
import {tool} from '../../../scripts/tools.ts';
import {startDaemon} from './daemon.ts';
import {freePort} from './freePort.ts';
import {type S3Server, s3Server} from './s3Server.ts';
import type {Scope} from './scope.ts';
import {temporaryFolder} from './temporaryFolder.ts';
import {answers} from './until.ts';

const accessKey = 'layercache';
const secretKey = 'layercache-secret';

export const startMinio = async (scope: Scope): Promise<S3Server> => {
	const command = await tool('minio');
	const folder = await temporaryFolder(scope, 'minio');
	const endpoint = `http://127.0.0.1:${await freePort()}`;
	await startDaemon(scope, {
		name: 'minio',
		command,
		args: ['server', '--address', new URL(endpoint).host, folder],
		env: {
			HOME: folder,
			MINIO_ROOT_USER: accessKey,
			MINIO_ROOT_PASSWORD: secretKey,
			MINIO_BROWSER: 'off',
			MINIO_UPDATE: 'off',
			// The benchmark counts its requests.
			MINIO_PROMETHEUS_AUTH_TYPE: 'public',
		},
		isReady: answers(`${endpoint}/minio/health/ready`),
	});
	return s3Server(scope, {name: 'MinIO', endpoint, accessKey, secretKey});
};
