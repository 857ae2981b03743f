/** For those to whom a manifest's absence is no error. */
import {OciError} from 'oci-spec-types';

/** Undefined for MANIFEST_UNKNOWN; rethrows anything else. */
export const unlessUnknown = (error: unknown): undefined => {
	if (!(error instanceof OciError) || error.code !== 'MANIFEST_UNKNOWN') throw error;
	return undefined;
};
