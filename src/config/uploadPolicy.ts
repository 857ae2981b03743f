/** What the settings alone say of uploads by URL; undefined where the store has to be looked at. */
import type {Settings} from './settings.ts';

type UploadSettings = Pick<Settings, 'redirectUploads' | 'redirectDownloads'>;

export const settledUploads = ({redirectUploads, redirectDownloads}: UploadSettings): {redirect: boolean; reason: string} | undefined => {
	if (redirectUploads === 'unsafe') return {redirect: true, reason: 'LAYERCACHE_REDIRECT_UPLOADS=unsafe, whatever the store takes'};
	if (redirectUploads === 'never') return {redirect: false, reason: 'LAYERCACHE_REDIRECT_UPLOADS=never'};
	// Whoever cannot be sent there for a layer cannot be sent there with one.
	if (redirectDownloads === 'never') return {redirect: false, reason: 'LAYERCACHE_REDIRECT_DOWNLOADS=never'};
	return undefined;
};
