/** Settings: what is collected, and when. */
import {z} from 'zod';
import {byteSize, duration, wholeNumber} from '../settingValues.ts';
import {type SettingsTable, settingIn} from './setting.ts';

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;
const setting = settingIn('Collecting');

export const collectingSettings = {
	LAYERCACHE_GC_GRACE: setting(
		'gcGraceMs',
		duration('10s').default(3 * dayMs),
		'What no tag keeps is left alone until it is so old: longer than a build takes from its first layer to its manifest.',
		'`3d`',
	),
	LAYERCACHE_GC_QUARANTINE: setting(
		'gcQuarantineMs',
		duration('10s').default(3 * dayMs),
		'What is condemned is kept for so long before it is removed: longer than an import takes, and than the server is ever cut off from S3. Everything else that the server believes for a while follows from it. The same for all servers of a bucket.',
		'`3d`',
	),
	LAYERCACHE_GC_DISK_QUARANTINE: setting(
		'gcDiskQuarantineMs',
		duration('10s').default(6 * hourMs),
		'The same for the disk store, where room is short.',
		'`6h`',
	),
	LAYERCACHE_GC_EVERY: setting(
		'gcEveryMs',
		duration('1s')
			.or(z.literal('never').transform(() => undefined))
			// A default would take the place of what `never` becomes.
			.prefault('1h'),
		'How often the store is walked along, retention applied and what nobody keeps removed. `never`: by hand only, with `layercache gc run`.',
		'`1h`',
	),
	LAYERCACHE_DISK_FREE_PERCENT: setting(
		'diskFreePercent',
		wholeNumber(0, 90).default(10),
		'Where less than this of the disk is free, the refs that were used longest ago go until it will be: [retention.md](retention.md#a-disk-that-fills-up). For the disk store alone; `0` turns it off.',
	),
	LAYERCACHE_UNREFERENCED_LIMIT: setting(
		'unreferencedLimitBytes',
		byteSize.default(1e12),
		'How many bytes of layers one client may push within a day that no manifest of it names, such as `200GB`: more are refused ([retention.md](retention.md#layers-without-a-manifest)). Each process counts for itself; `0` is without a limit.',
		'`1TB`',
	),
} satisfies SettingsTable;
