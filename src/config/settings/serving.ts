/** Settings: how layers go to and fro. */
import {choice, wholeNumber} from '../settingValues.ts';
import {type SettingsTable, settingIn} from './setting.ts';

const setting = settingIn('Serving');

export const servingSettings = {
	LAYERCACHE_REDIRECT_DOWNLOADS: setting(
		'redirectDownloads',
		choice(['auto', 'never']).default('auto'),
		'`auto` sends builders to presigned URLs for layers where the store has them; `never` streams every byte, for buckets that builders cannot reach.',
	),
	LAYERCACHE_REDIRECT_UPLOADS: setting(
		'redirectUploads',
		choice(['auto', 'never', 'unsafe']).default('auto'),
		'`auto` sends builders to the store with large layers, where it was seen to refuse all bytes but those that a URL was signed for and `LAYERCACHE_REDIRECT_DOWNLOADS` is `auto` too; `never` streams every byte. `unsafe` sends them whatever was seen: for benches and closed networks, since with the URL of an upload a client may then store what it likes.',
	),
	LAYERCACHE_REDIRECT_LIFE_SECONDS: setting(
		'urlLifeSeconds',
		wholeNumber(60, 604_800).default(1200),
		'How long a presigned URL lives. A download that is cut resumes through the registry, so this may be short.',
	),
	LAYERCACHE_REGISTRY_INDEX_SECONDS: setting(
		'indexSeconds',
		wholeNumber(0, 600).optional(),
		'How long the server believes that a blob or manifest which it saw in S3 is still there, at most an eighth of the quarantine. What other servers or hands delete is served for so much longer; 0 asks S3 each time.',
		'`300`, less with a quarantine below 80 minutes',
	),
} satisfies SettingsTable;
