/** Settings: the policy, and what caches may be. */
import {z} from 'zod';
import {wholeNumber} from '../settingValues.ts';
import {type SettingsTable, settingIn} from './setting.ts';

const setting = settingIn('Caches');

export const cachesSettings = {
	LAYERCACHE_POLICY: setting(
		'policy',
		z.string().min(1).optional(),
		'The policy file, which says which tags are merged, fall back to others or are protected: [cache-refs.md](cache-refs.md#the-policy-file). It is read again when it changes, and at SIGHUP.',
		'none: every tag is for itself',
	),
	LAYERCACHE_CACHE_IMPORT_LIMIT_BYTES: setting(
		'importLimitBytes',
		wholeNumber(64 * 1024, 64 * 1024 * 1024).default(1024 * 1024),
		'How large the manifest and the config of a cache may be for BuildKit to import it: 1 MiB each, up to 0.33. Larger caches are cut down to it.',
	),
} satisfies SettingsTable;
