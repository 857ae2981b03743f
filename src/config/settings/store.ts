/** Settings: where everything is kept. */
import {z} from 'zod';
import {choice, flag, webUrl} from '../settingValues.ts';
import {type SettingsTable, settingIn} from './setting.ts';

const setting = settingIn('Store');

export const storeSettings = {
	LAYERCACHE_STORE: setting(
		'store',
		choice(['disk', 's3', 'memory']).default('disk'),
		'Where everything is kept: `disk`, `s3`, or `memory` (tests; all is lost at the end).',
	),
	LAYERCACHE_DISK_PATH: setting('diskPath', z.string().min(1).default('./data'), 'The folder of the disk store; made if missing.'),
	LAYERCACHE_S3_BUCKET: setting('s3Bucket', z.string().min(1).optional(), 'The bucket. It must exist.', 'needed for `s3`'),
	LAYERCACHE_S3_PREFIX: setting(
		's3Prefix',
		z.string().default(''),
		'Everything lies under this prefix of the bucket; slashes at its ends do not matter.',
		'none',
	),
	LAYERCACHE_S3_REGION: setting(
		's3Region',
		z.string().min(1).optional(),
		'The region of the bucket.',
		"AWS's own settings, else `us-east-1`",
	),
	LAYERCACHE_S3_ENDPOINT: setting('s3Endpoint', webUrl.optional(), 'The S3 server, where it is not AWS.', "AWS's"),
	LAYERCACHE_S3_FORCE_PATH_STYLE: setting(
		's3ForcePathStyle',
		flag.optional(),
		'Whether the bucket stands in the path and not in the host name, as most S3 servers other than AWS want it.',
		'`true` with an endpoint',
	),
	LAYERCACHE_S3_PUBLIC_ENDPOINT: setting(
		's3PublicEndpoint',
		webUrl.optional(),
		'The endpoint that builders reach, for presigned URLs, where S3 has another name inside.',
		'the endpoint',
	),
	LAYERCACHE_S3_DOWNLOAD_PROFILE: setting(
		's3DownloadProfile',
		z.string().min(1).optional(),
		"A profile of AWS's files whose credentials sign the URLs for downloads and nothing else: it may do less than the server itself.",
		"the server's own credentials",
	),
	LAYERCACHE_S3_UPLOAD_PROFILE: setting(
		's3UploadProfile',
		z.string().min(1).optional(),
		"A profile of AWS's files whose credentials sign the URLs for uploads and nothing else.",
		"the server's own credentials",
	),
} satisfies SettingsTable;
