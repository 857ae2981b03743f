/** For those to whom it is no error that something is not there. */
import {type ErrorCode, OciError} from 'oci-spec-types';

const unless =
	(...codes: readonly ErrorCode[]) =>
	(error: unknown): undefined => {
		if (!(error instanceof OciError && codes.some(code => code === error.code))) throw error;
		return undefined;
	};

/** Undefined for MANIFEST_UNKNOWN; rethrows anything else. */
export const unlessUnknown = unless('MANIFEST_UNKNOWN');

/** Undefined where this says that a blob, a manifest or their repository is unknown; rethrows anything else. */
export const unlessAbsent = unless('BLOB_UNKNOWN', 'MANIFEST_UNKNOWN', 'NAME_UNKNOWN');
