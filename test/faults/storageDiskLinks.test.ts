/** A chunk that becomes a blob on disk: as another name of its file, or as a copy where there is no such thing. */
import {existsSync} from 'node:fs';
import {mkdtemp, rm, stat, writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import test from 'ava';
import {createFolders} from '../../src/storage/disk/folders.ts';
import {createIncoming} from '../../src/storage/disk/incoming.ts';
import {fileOf, objectPath} from '../../src/storage/disk/paths.ts';
import {createDiskStore} from '../../src/storage/disk.ts';
import {ObjectMissing} from '../../src/storage/objectStore.ts';
import {bodyOf, collect, someBytes} from '../support/bytes.ts';
import {temporaryFolder} from '../support/temporaryFolder.ts';

const openStore = async (t: Parameters<typeof temporaryFolder>[0]) => {
	const path = await temporaryFolder(t);
	const store = createDiskStore({path});
	t.teardown(() => store.close());
	return {store, inodeOf: async (key: string) => (await stat(fileOf(objectPath(join(path, 'objects'), key), 'bytes'))).ino};
};

test('a single part is not copied', async t => {
	const {store, inodeOf} = await openStore(t);
	await store.upload('parts/0', bodyOf(someBytes(100_000)));
	const inode = await inodeOf('parts/0');
	await store.compose([{key: 'parts/0', size: 100_000}], 'whole');
	t.is(await inodeOf('whole'), inode);
	await store.remove(['parts/0']);
	t.true((await collect((await store.read('whole'))?.body ?? bodyOf(Buffer.alloc(0)))).equals(someBytes(100_000)));
});

test('what is joined of several parts, and what is copied, has a file of its own', async t => {
	const {store, inodeOf} = await openStore(t);
	const parts = ['parts/0', 'parts/1'].map(key => ({key, size: 1000}));
	for (const {key, size} of parts) await store.upload(key, bodyOf(someBytes(size)));
	await store.compose(parts, 'whole');
	await store.copy('parts/0', 'copy');
	const inodes = await Promise.all(['parts/0', 'parts/1', 'whole', 'copy'].map(inodeOf));
	t.is(new Set(inodes).size, 4);
	t.is((await store.stat('parts/0'))?.size, 1000);
});

test('a blob that a chunk has become is as young as that, so that nobody takes it for an old one', async t => {
	const {store} = await openStore(t);
	await store.upload('parts/0', bodyOf(Buffer.from('chunk')));
	const before = await store.stat('parts/0');
	await store.compose([{key: 'parts/0', size: 5}], 'whole');
	const after = await store.stat('whole');
	t.true((after?.modified?.getTime() ?? 0) >= (before?.modified?.getTime() ?? Number.POSITIVE_INFINITY));
	t.not(after?.etag, before?.etag);
});

test('of a part that another process removes meanwhile it is said that it is missing', async t => {
	const {store} = await openStore(t);
	const part = {key: 'parts/0', size: 5};
	const rounds = Array.from({length: 40});
	for (const _ of rounds) {
		await store.upload(part.key, bodyOf(Buffer.from('chunk')));
		const [composed] = await Promise.allSettled([store.compose([part], 'whole'), store.remove([part.key])]);
		if (composed.status === 'rejected') t.true(composed.reason instanceof ObjectMissing, String(composed.reason));
		else t.is((await store.stat('whole'))?.size, part.size);
		await store.remove(['whole']);
	}
});

/** Memory, on Linux; never the file system of the temporary folder, or the test has nothing to tell. */
const otherFileSystem = '/dev/shm';
const onLinux = existsSync(otherFileSystem) ? test : test.skip;

onLinux('where a file can have no second name, it is copied', async t => {
	const path = await temporaryFolder(t);
	const elsewhere = await mkdtemp(join(otherFileSystem, 'layercache-'));
	t.teardown(() => rm(elsewhere, {recursive: true, force: true}));
	t.not((await stat(path)).dev, (await stat(elsewhere)).dev);
	const chunk = join(elsewhere, 'chunk');
	await writeFile(chunk, 'chunk');
	const file = await createIncoming(join(path, 'incoming'), createFolders(path)).beginAsLink('whole', chunk);
	await file.seal();
	t.is((await stat(file.path)).size, 5);
	t.not((await stat(file.path)).ino, (await stat(chunk)).ino);
	await file.discard();
	t.is((await stat(chunk)).size, 5);
});
