/** Settings: who administers. */
import {secret} from '../settingValues.ts';
import {type SettingsTable, settingIn} from './setting.ts';

const setting = settingIn('Administration');

export const administrationSettings = {
	LAYERCACHE_ADMIN_TOKEN: setting(
		'adminToken',
		secret(16).optional(),
		'Who sends it (`Authorization: Bearer …`) may use the [admin API](api.md) and the dashboard. It is a secret: at least 16 characters, such as `openssl rand -hex 32` prints.',
		'none: only clients on the same machine may, and with `LAYERCACHE_AUTH=required` whom the policy lets',
	),
	LAYERCACHE_METRICS_TOKEN: setting(
		'metricsToken',
		secret(16).optional(),
		'Who sends it (`Authorization: Bearer …`, or as a password) may read `/metrics`.',
		'none: this machine and administrators may, with `LAYERCACHE_AUTH=none` everybody',
	),
} satisfies SettingsTable;
