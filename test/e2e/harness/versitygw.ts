/** A versitygw server of the test's own: S3 over plain files, and stricter than MinIO in some answers. */

import {mkdir} from 'node:fs/promises';
import {join} from 'node:path';
import {tool} from '../../../scripts/tools.ts';
import {startDaemon} from './daemon.ts';
import {freePort} from './freePort.ts';
import {type S3Server, s3Server} from './s3Server.ts';
import type {Scope} from './scope.ts';
import {temporaryFolder} from './temporaryFolder.ts';
import {answers} from './until.ts';

const accessKey = 'layercache';
const secretKey = 'layercache-secret';

export const startVersitygw = async (scope: Scope): Promise<S3Server> => {
	const command = await tool('versitygw');
	const folder = await temporaryFolder(scope, 'versitygw');
	const data = join(folder, 'data');
	await mkdir(data);
	const endpoint = `http://127.0.0.1:${await freePort()}`;
	await startDaemon(scope, {
		name: 'versitygw',
		command,
		args: ['--port', new URL(endpoint).host, '--health', '/health', 'posix', data],
		env: {HOME: folder, ROOT_ACCESS_KEY_ID: accessKey, ROOT_SECRET_ACCESS_KEY: secretKey},
		isReady: answers(`${endpoint}/health`),
	});
	return s3Server(scope, {name: 'versitygw', endpoint, accessKey, secretKey});
};
