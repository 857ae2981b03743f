/** Settings: what is written down of who did what. */
import {z} from 'zod';
import {choice, duration} from '../settingValues.ts';
import {type SettingsTable, settingIn} from './setting.ts';

const setting = settingIn('Audit');

export const auditSettings = {
	LAYERCACHE_AUDIT: setting(
		'audit',
		choice(['on', 'off']).optional(),
		'Whether it is written down who did what, and whether that was allowed: [audit.md](audit.md).',
		'`on` with `LAYERCACHE_AUTH=required` or `LAYERCACHE_AUDIT_FILE`, else `off`',
	),
	LAYERCACHE_AUDIT_FILE: setting(
		'auditFile',
		z.string().min(1).optional(),
		'A file to which the same lines are appended, beside the store; `-` is standard output. It is opened again at SIGHUP.',
		'none: the store alone',
	),
	LAYERCACHE_AUDIT_KEEP: setting(
		'auditKeepMs',
		duration('1d')
			.or(z.literal('forever').transform(() => undefined))
			.prefault('90d'),
		'After how long a day of the audit is removed from the store. `forever`: never, or by rules of the bucket.',
		'`90d`',
	),
} satisfies SettingsTable;
