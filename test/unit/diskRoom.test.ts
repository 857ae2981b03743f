import test from 'ava';
import {readDiskRoom} from '../../src/storage/disk/diskRoom.ts';
import {temporaryFolder} from '../support/temporaryFolder.ts';

test('a folder has the room of the disk that it lies on', async t => {
	const {freeBytes, totalBytes} = await readDiskRoom(await temporaryFolder(t));
	t.true(Number.isSafeInteger(freeBytes) && Number.isSafeInteger(totalBytes));
	t.true(0 <= freeBytes && freeBytes <= totalBytes && totalBytes > 0);
});
