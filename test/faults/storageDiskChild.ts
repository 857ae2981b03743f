/** A process of its own on a disk store, for `storageDisk.test.ts` to race with and to kill. Says on stdout what it was promised. */
import {join} from 'node:path';
import {argv, stdout} from 'node:process';
import {digestOf} from 'oci-spec-types';
import {createLocks} from '../../src/storage/disk/locks.ts';
import {createDiskStore} from '../../src/storage/disk.ts';
import {PreconditionFailed} from '../../src/storage/objectStore.ts';
import {bodyOf, collect, someBytes} from '../support/bytes.ts';

const [, , task = '', path = '', argument = ''] = argv;
const say = (line: string) => stdout.write(`${line}\n`);
const store = createDiskStore({path});

const increment = async (nonce: string): Promise<void> => {
	const current = await store.read('count');
	const count = current ? Number.parseInt((await collect(current.body)).toString(), 10) : 0;
	try {
		const condition = current ? {ifMatch: current.facts.etag} : {ifAbsent: true as const};
		await store.write('count', Buffer.from(`${count + 1} ${nonce}`), {...condition, contentType: 'text/plain'});
	} catch (error) {
		if (!(error instanceof PreconditionFailed)) throw error;
		await increment(nonce);
	}
};

const tasks: Readonly<Record<string, () => Promise<void>>> = {
	async create() {
		const body = Buffer.from(argument);
		await store.write('raced', body, {ifAbsent: true}).then(
			() => say('won'),
			error => say(error instanceof PreconditionFailed ? 'lost' : String(error)),
		);
	},
	async count() {
		for (let turn = 0; turn < 50; turn += 1) await increment(`${argument} ${turn}`);
		say('counted');
	},
	async upload() {
		for (let seed = Number(argument); ; seed += 1) {
			const bytes = someBytes(1 + ((seed * 7919) % 300_000), seed);
			const key = `blobs/${digestOf(bytes)}`;
			await store.upload(key, bodyOf(bytes));
			await increment(String(seed));
			say(key);
		}
	},
	async hold() {
		await createLocks(join(path, 'locks')).hold(argument, async () => {
			say('held');
			await new Promise(resolve => setTimeout(resolve, 600_000));
		});
	},
	async write() {
		await store.write('a', Buffer.from('a')).then(
			() => say('written'),
			error => say(`${error.name}: ${error.message}`),
		);
	},
};

await tasks[task]?.();
