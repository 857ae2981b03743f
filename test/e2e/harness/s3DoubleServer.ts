/** The S3 double in the place of a real S3 server, where one as strict as AWS is needed. It keeps everything in memory. */
import {type S3Double, startS3Double} from '../../support/s3Double.ts';
import type {Storage} from './registryServer.ts';
import {s3Server} from './s3Server.ts';
import type {Scope} from './scope.ts';

export const startDoubleStorage = async (scope: Scope): Promise<{double: S3Double; storage: Storage & {kind: 's3'}}> => {
	const double = await startS3Double({teardown: act => scope.teardown(act)});
	const {accessKeyId: accessKey, secretAccessKey: secretKey} = double.credentials;
	const server = s3Server(scope, {name: 'the S3 double', endpoint: double.endpoint.origin, accessKey, secretKey});
	return {double, storage: {kind: 's3', server: {...server, region: double.region}, bucket: double.bucketName}};
};
