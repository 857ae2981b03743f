/** How much room there is where the disk store keeps its files. */
import {statfs} from 'node:fs/promises';
import {resolve} from 'node:path';
import {onDisk} from './diskErrors.ts';

/** `freeBytes`: those that we may write; what the system keeps for root is not among them. */
export type DiskRoom = {freeBytes: number; totalBytes: number};

/** `path`: the folder of the store. Throws StoreUnavailable. */
export const readDiskRoom = async (path: string): Promise<DiskRoom> => {
	const root = resolve(path);
	const {bavail, blocks, bsize} = await onDisk(root, () => statfs(root));
	return {freeBytes: bavail * bsize, totalBytes: blocks * bsize};
};
