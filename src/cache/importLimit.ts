/** BuildKit imports no manifest and no config above a limit, and says so only in a line of its log. */
import type {Manifest} from 'oci-spec-types';
import {cacheConfigOf} from './cacheDocument.ts';

/** BuildKit: cache/remotecache/import.go, readBlob. Later ones may take more (moby/buildkit#3719). */
export const importLimitBytes = 1024 * 1024;

/** Sentences on why BuildKit will not import this manifest of `manifestBytes`; none if it will, or if it is no cache. */
export const importProblems = (manifest: Manifest, manifestBytes: number, limitBytes: number = importLimitBytes): string[] => {
	const config = cacheConfigOf(manifest);
	if (!config) return [];
	const documents = {manifest: manifestBytes, config: config.size};
	return Object.entries(documents)
		.filter(([, bytes]) => bytes > limitBytes)
		.map(([name, bytes]) => `its ${name} has ${bytes} bytes, and BuildKit imports at most ${limitBytes}`);
};
