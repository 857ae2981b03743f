/** What the operating system refuses, as a sentence that says what to do. */
import {StoreUnavailable} from '../objectStore.ts';

const advice: Readonly<Record<string, string>> = {
	ENOSPC: 'the disk is full: free some space, or give layercache a larger one',
	EDQUOT: 'the disk quota is used up: free some space, or raise it',
	EROFS: 'the file system is mounted read-only: mount it for writing',
	EACCES: 'permission is denied: give the user that layercache runs as the right to read and write there',
	EPERM: 'the operation is not permitted: give the user that layercache runs as the right to read and write there',
	EIO: 'the disk reports input/output errors: look at the system log',
	EMFILE: 'too many files are open: raise the limit (ulimit -n, LimitNOFILE=)',
	ENFILE: 'too many files are open on this machine: raise fs.file-max',
	ENOTDIR: 'a file is in the way of a folder',
	ESTALE: 'the network file system lost its place: mount it again',
	ENODEV: 'the disk is gone: mount it again',
	ENOLCK: 'the file system gives no locks: put the folder on a local disk, or mount the network one with locking',
	ERR_SQLITE_ERROR: 'its lock files cannot be used: put the folder on a file system with POSIX locks, writable and not full',
};

/** Runs work on the files below `root`; what the operating system refuses becomes StoreUnavailable. */
export const onDisk = async <T>(root: string, work: () => Promise<T>): Promise<T> => {
	try {
		return await work();
	} catch (error) {
		throw explained(root, error);
	}
};

/** The same for a sequence. */
export async function* onDiskEach<T>(root: string, items: AsyncIterable<T>): AsyncGenerator<T> {
	try {
		yield* items;
	} catch (error) {
		throw explained(root, error);
	}
}

const explained = (root: string, error: unknown) => {
	const sentence = advice[codeOfLockFile(error) ?? errorCode(error) ?? ''];
	return sentence ? new StoreUnavailable(`cannot use the folder ${root} (LAYERCACHE_DISK_PATH), ${sentence}`, {cause: error}) : error;
};

/** SQLite's own numbers for what the operating system said of a lock file. */
const codeOfLockFile = (error: unknown) =>
	error instanceof Error && 'errcode' in error ? lockFileCodes[Number(error.errcode) & 0xff] : undefined;

const lockFileCodes: Readonly<Record<number, string>> = {8: 'EROFS', 10: 'EIO', 13: 'ENOSPC', 14: 'EACCES'};

export const errorCode = (error: unknown): string | undefined =>
	error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;

/** Undefined where there is no such file. */
export const orAbsent = async <T>(work: Promise<T>): Promise<T | undefined> => {
	try {
		return await work;
	} catch (error) {
		if (errorCode(error) === 'ENOENT') return undefined;
		throw error;
	}
};
