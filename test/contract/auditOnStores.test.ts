/** The audit lies in any store, and is found and swept there. */
import test, {type ExecutionContext} from 'ava';
import {auditKeys} from '../../src/audit/auditKeys.ts';
import {formatLine} from '../../src/audit/line.ts';
import {removeOldDays} from '../../src/audit/oldDays.ts';
import {createAuditReader} from '../../src/audit/reader.ts';
import {createDiskStore} from '../../src/storage/disk.ts';
import {createMemoryStore} from '../../src/storage/memory.ts';
import type {ObjectStore} from '../../src/storage/objectStore.ts';
import {startStoreOnDouble} from '../support/s3DoubleStore.ts';
import {keysOf} from '../support/stores.ts';
import {temporaryFolder} from '../support/temporaryFolder.ts';

const stores: Readonly<Record<string, (t: ExecutionContext) => Promise<ObjectStore>>> = {
	memory: async () => createMemoryStore(),
	disk: async t => createDiskStore({path: await temporaryFolder(t)}),
	S3: async t => (await startStoreOnDouble(t)).store,
};

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;

for (const [name, open] of Object.entries(stores)) {
	test(`in ${name} the lines of some days are found newest first, and old days go`, async t => {
		const store = await open(t);
		const now = (await store.now()).getTime();
		const agoHours = Array.from({length: 80}, (_, hour) => hour);
		for (const ago of agoHours) {
			const at = now - ago * hourMs;
			const time = new Date(at).toISOString();
			const facts = {what: 'blob.get', who: 'user:alice', from: '10.0.0.7', allowed: true, why: String(ago), requestId: 'r'};
			const lines = Buffer.from(formatLine({audit: 1, first: time, last: time, count: 1, ...facts}));
			await store.write(auditKeys.window({lines, events: 1, first: at, last: at}, 'aaa', ago), lines, {ifAbsent: true});
		}
		const reader = createAuditReader(store);
		const find = async (from: number, to: number) => {
			const question = {since: new Date(now - from * hourMs), until: new Date(now - to * hourMs), isWanted: () => true, limit: 1000};
			return (await reader.find(question)).lines.map(({why}) => Number(why));
		};
		t.deepEqual(await find(1000, 0), agoHours);
		t.deepEqual(await find(40, 20), agoHours.slice(20, 41));

		await Array.fromAsync(removeOldDays(store, {keepMs: dayMs}));
		const left = await find(1000, 0);
		t.deepEqual(left, agoHours.slice(0, left.length));
		// Whole days alone: the one in which the bound lies stays.
		t.true(left.length >= 24 && left.length <= 48);
		t.is((await keysOf(store, 'audit/')).length, left.length);
	});
}
