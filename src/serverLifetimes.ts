/** The lifetimes that the settings ask for. */
import {type Settings, SettingsInvalid} from './config/settings.ts';
import {createLifetimes, type Lifetimes, LifetimesUnfit} from './registry/lifetimes.ts';

/** Throws SettingsInvalid where they do not fit together. */
export const lifetimesOf = (settings: Settings): Lifetimes => {
	const isDisk = settings.store === 'disk';
	try {
		return createLifetimes({
			graceMs: settings.gcGraceMs,
			quarantineMs: quarantineOf(settings),
			// A disk is asked as quickly as memory is.
			indexMs: isDisk ? 0 : believedMsOf(settings),
		});
	} catch (error) {
		if (error instanceof LifetimesUnfit) throw new SettingsInvalid([error.message]);
		throw error;
	}
};

/** For how long what was seen in S3, also in a bucket of others, is believed to be there. */
export const believedMsOf = (settings: Settings): number =>
	settings.indexSeconds === undefined ? Math.min(usualIndexMs, Math.floor(quarantineOf(settings) / 16)) : settings.indexSeconds * 1000;

const quarantineOf = ({store, gcQuarantineMs, gcDiskQuarantineMs}: Settings) => (store === 'disk' ? gcDiskQuarantineMs : gcQuarantineMs);

const usualIndexMs = 300_000;
