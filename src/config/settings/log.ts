/** Settings: the log. */
import {choice} from '../settingValues.ts';
import {type SettingsTable, settingIn} from './setting.ts';

const setting = settingIn('Log');

export const logSettings = {
	LAYERCACHE_LOG: setting(
		'log',
		choice(['json', 'pretty']).optional(),
		'One JSON object a line, or lines for people.',
		'`json`; `pretty` on a terminal',
	),
	LAYERCACHE_LOG_LEVEL: setting(
		'logLevel',
		choice(['debug', 'info', 'warn', 'error']).default('info'),
		'The least important lines that are written.',
	),
} satisfies SettingsTable;
