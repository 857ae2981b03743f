/** How much room there is where the disk store keeps its files. */
import {statfs} from 'node:fs/promises';
import {resolve} from 'node:path';
import {StoreUnavailable} from '../objectStore.ts';
import {onDisk} from './diskErrors.ts';

/** `freeBytes`: those that we may write; what the system keeps for root is not among them. */
export type DiskRoom = {freeBytes: number; totalBytes: number};

/** `path`: the folder of the store. Throws StoreUnavailable. */
export const readDiskRoom = async (path: string): Promise<DiskRoom> => {
	const root = resolve(path);
	const {bavail, blocks, bsize} = await onDisk(root, () => statfs(root));
	return {freeBytes: bavail * bsize, totalBytes: blocks * bsize};
};

/** Before an upload of so many bytes. Throws StoreUnavailable where it would take what documents need: without room for those nothing could be deleted any more. */
export const assertRoom = (root: string, {freeBytes, totalBytes}: DiskRoom, bytes: number): void => {
	const kept = Math.min(totalBytes * keptPart, keptBytes);
	if (freeBytes - bytes >= kept) return;
	const left = `${Math.floor(kept / 2 ** 20)} MiB that deleting needs`;
	throw new StoreUnavailable(
		`cannot use the folder ${root} (LAYERCACHE_DISK_PATH), the disk is full but for ${left}: free some space, or give layercache a larger one`,
	);
};

const keptPart = 0.01;
const keptBytes = 256 * 2 ** 20;
