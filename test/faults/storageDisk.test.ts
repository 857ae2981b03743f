/** The disk store among other processes, killed ones too, and on disks that are full, read-only or someone else's. */
import {execFileSync, spawn} from 'node:child_process';
import {once} from 'node:events';
import {chmod, mkdir, readdir, writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import {execPath, getuid} from 'node:process';
import {createInterface} from 'node:readline';
import test, {type ExecutionContext} from 'ava';
import {digestOf} from 'oci-spec-types';
import {createLocks} from '../../src/storage/disk/locks.ts';
import {createDiskStore} from '../../src/storage/disk.ts';
import {StoreUnavailable} from '../../src/storage/objectStore.ts';
import {bodyOf, collect, someBytes} from '../support/bytes.ts';
import {temporaryFolder} from '../support/temporaryFolder.ts';

const isRoot = getuid?.() === 0;

test('of writers in several processes exactly one creates the document', async t => {
	const path = await temporaryFolder(t);
	const words = await Promise.all(['a', 'b', 'c', 'd'].map(name => lastLine(startChild(t, 'create', path, name))));
	t.deepEqual(words.toSorted(), ['lost', 'lost', 'lost', 'won']);
});

test('no update is lost between processes', async t => {
	const path = await temporaryFolder(t);
	await Promise.all(['a', 'b', 'c'].map(name => lastLine(startChild(t, 'count', path, name))));
	t.is(Number.parseInt(await textOf(openStore(t, path), 'count'), 10), 150);
});

test('on a disk that is all but full layers are refused, and the documents by which others are deleted are not', async t => {
	const path = await temporaryFolder(t);
	const room = {freeBytes: 15_000_000, totalBytes: 1_000_000_000};
	const store = createDiskStore({path, room: async () => room});
	t.teardown(() => store.close());
	await store.upload('layers/fits', bodyOf(someBytes(1000)), {size: 1000});
	const error = await t.throwsAsync(store.upload('layers/large', bodyOf(someBytes(1000)), {size: 5_000_001}), {
		instanceOf: StoreUnavailable,
	});
	t.regex(error?.message ?? '', /full.*free some space/);
	room.freeBytes = 9_999_999;
	await t.throwsAsync(store.upload('layers/unknown', bodyOf(someBytes(1000))), {instanceOf: StoreUnavailable});
	t.is((await store.write('tombstone', Buffer.from('{}'))).size, 2);
	t.is(await store.stat('layers/unknown'), undefined);
});

for (const promises of [1, 2, 3, 5, 8]) {
	test(`killed after ${promises} promises, the store has kept them and holds nothing torn`, async t => {
		const path = await temporaryFolder(t);
		const child = startChild(t, 'upload', path, String(promises * 1000));
		const promised: string[] = [];
		for await (const key of linesOf(child)) {
			promised.push(key);
			if (promised.length === promises) child.kill('SIGKILL');
		}

		const store = openStore(t, path);
		const stored = await Array.fromAsync(store.list('blobs/'), entry => ('key' in entry ? entry.key : ''));
		t.deepEqual(
			promised.filter(key => !stored.includes(key)),
			[],
		);
		for (const key of stored) {
			const object = await store.read(key);
			t.is(`blobs/${digestOf(await collect(object?.body ?? bodyOf(Buffer.alloc(0))))}`, key);
		}
		t.true(Number.parseInt(await textOf(store, 'count'), 10) >= promises);

		await store.write('count', Buffer.from('free'));
		const nextHour = new Date(Date.now() + 3_600_000);
		for await (const upload of store.abandonedUploads(nextHour)) await upload.abort();
		t.deepEqual(await readdir(join(path, 'incoming')), []);
	});
}

test('a lock goes with the process that held it', async t => {
	const path = await temporaryFolder(t);
	const child = startChild(t, 'hold', path, 'tags/main');
	await firstLine(child);
	const locks = createLocks(join(path, 'locks'), {patienceInSeconds: 0});
	t.teardown(() => locks.close());
	await t.throwsAsync(
		locks.hold('tags/main', async () => {}),
		{instanceOf: StoreUnavailable, message: /another process/},
	);
	child.kill('SIGKILL');
	await once(child, 'exit');
	await locks.hold('tags/main', async () => t.pass());
});

const mountable = isRoot && canMount();
const testMounted = mountable ? test : test.skip;

testMounted('a full disk says so, keeps nothing of the upload, and serves again when there is room', async t => {
	const path = await mounted(t, 'size=1m');
	const store = openStore(t, path);
	await store.write('before', Buffer.from('before'));
	const error = await t.throwsAsync(store.upload('blobs/a', bodyOf(someBytes(2_000_000))), {instanceOf: StoreUnavailable});
	t.regex(error.message, /disk is full: free some space/);
	t.deepEqual(await readdir(join(path, 'incoming')), []);
	t.is(await store.stat('blobs/a'), undefined);
	t.is(await textOf(store, 'before'), 'before');
	await store.upload('blobs/a', bodyOf(someBytes(200_000)));
	await t.throwsAsync(store.write('blobs/b', Buffer.alloc(1_000_000)), {instanceOf: StoreUnavailable});
	await store.remove(['blobs/a']);
	await store.write('blobs/b', Buffer.alloc(400_000));
	t.is((await store.stat('blobs/b'))?.size, 400_000);
});

testMounted('a disk mounted read-only says so, and still reads', async t => {
	const path = await mounted(t, 'size=1m');
	const before = createDiskStore({path});
	await before.write('before', Buffer.from('before'));
	await before.close();
	execFileSync('mount', ['-o', 'remount,ro', path]);
	const store = openStore(t, path);
	await t.throwsAsync(store.write('a', Buffer.from('a')), {instanceOf: StoreUnavailable, message: /read-only/});
	await t.throwsAsync(store.probe(), {instanceOf: StoreUnavailable, message: /read-only/});
	t.is(await textOf(store, 'before'), 'before');
	t.is((await Array.fromAsync(store.list(''))).length, 1);
});

test('a folder that is not ours says so', async t => {
	const path = join(await temporaryFolder(t), 'data');
	await mkdir(path);
	await chmod(path, 0o500);
	const said = await lastLine(startChild(t, 'write', path, '', isRoot ? {uid: 65_534, gid: 65_534} : {}));
	t.regex(said, /^StoreUnavailable: cannot use the folder .*LAYERCACHE_DISK_PATH.*permission is denied/);
});

test('a file in the place of the folder says so', async t => {
	const file = join(await temporaryFolder(t), 'file');
	await writeFile(file, '');
	await t.throwsAsync(openStore(t, join(file, 'data')).write('a', Buffer.from('a')), {instanceOf: StoreUnavailable, message: /in the way/});
});

const openStore = (t: ExecutionContext, path: string) => {
	const store = createDiskStore({path});
	t.teardown(() => store.close());
	return store;
};

const startChild = (t: ExecutionContext, task: string, path: string, argument: string, identity: {uid?: number; gid?: number} = {}) => {
	const program = join(import.meta.dirname, 'storageDiskChild.ts');
	const child = spawn(execPath, [program, task, path, argument], {...identity, stdio: ['ignore', 'pipe', 'inherit']});
	t.teardown(() => child.kill('SIGKILL'));
	return child;
};

type Child = ReturnType<typeof startChild>;

const linesOf = (child: Child) => createInterface({input: child.stdout});

const lastLine = async (child: Child) => (await Array.fromAsync(linesOf(child))).at(-1) ?? '';

const firstLine = async (child: Child) => {
	const [line] = await once(linesOf(child), 'line');
	return String(line);
};

const textOf = async (store: ReturnType<typeof createDiskStore>, key: string) => {
	const object = await store.read(key);
	return object ? (await collect(object.body)).toString() : '';
};

const mounted = async (t: ExecutionContext, options: string) => {
	const path = await temporaryFolder(t);
	execFileSync('mount', ['-t', 'tmpfs', '-o', options, 'layercache-test', path]);
	t.teardown(() => execFileSync('umount', ['-l', path]));
	return path;
};

function canMount() {
	try {
		execFileSync('unshare', ['--mount', 'mount', '-t', 'tmpfs', 'layercache-test', '/mnt'], {stdio: 'ignore'});
		return true;
	} catch {
		return false;
	}
}
