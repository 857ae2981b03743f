/** The look at an S3 goes by the settings of the server. */
import test from 'ava';
import {parseSettings} from '../../src/config/settings.ts';
import {createStore} from '../../src/settingsStore.ts';
import {startS3Double} from '../support/s3Double.ts';

test.serial('credentials of the environment that end before URLs of the life that is set would get no uploads by URL', async t => {
	const {endpoint, bucketName, region, credentials} = await startS3Double(t);
	Object.assign(process.env, {
		AWS_ACCESS_KEY_ID: credentials.accessKeyId,
		AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
		AWS_CREDENTIAL_EXPIRATION: new Date(Date.now() + 900_000).toISOString(),
	});
	const look = async (lifeSeconds: string) => {
		const {settings} = parseSettings({
			LAYERCACHE_STORE: 's3',
			LAYERCACHE_S3_BUCKET: bucketName,
			LAYERCACHE_S3_REGION: region,
			LAYERCACHE_S3_ENDPOINT: endpoint.href,
			LAYERCACHE_REDIRECT_LIFE_SECONDS: lifeSeconds,
		});
		const store = createStore(settings);
		t.teardown(() => store.close());
		return store.probeUploads();
	};
	const {redirect, reason} = await look('1000');
	t.false(redirect);
	t.regex(reason, /too soon for URLs of 1000 s \(LAYERCACHE_REDIRECT_LIFE_SECONDS\)$/);
	t.true((await look('600')).redirect);
});
