/** For those to whom it is no error that something is not there. */
import {type ErrorCode, OciError} from 'oci-spec-types';

/** Undefined where this says that a blob, a manifest or their repository is unknown; rethrows anything else. */
export const unlessAbsent = (error: unknown): undefined => {
	if (!(error instanceof OciError) || !absences.has(error.code)) throw error;
	return undefined;
};

const absences: ReadonlySet<ErrorCode> = new Set(['BLOB_UNKNOWN', 'MANIFEST_UNKNOWN', 'NAME_UNKNOWN']);
