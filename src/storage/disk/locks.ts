/**
 * One lock a key, between all processes that share the folder. The kernel holds it, through SQLite's lock on an otherwise empty database:
 * so it is gone the moment its holder is, however that died, and a holder that is merely paused keeps it. (A lock file with a process id
 * can do neither: in two containers that share a volume both processes have the id 1.) Keys share a few lock files; a lock is only ever
 * held for a handful of system calls, so that sharing one costs nothing.
 */
import {mkdirSync} from 'node:fs';
import {join} from 'node:path';
import {DatabaseSync} from 'node:sqlite';
import {setTimeout as delay} from 'node:timers/promises';
import {crc32} from 'node:zlib';
import {createTurns} from '../../lib/turns.ts';
import {StoreUnavailable} from '../objectStore.ts';

export type Locks = {hold<T>(key: string, work: () => Promise<T>): Promise<T>; close(): void};

export const createLocks = (folder: string, {patienceInSeconds = 30}: {patienceInSeconds?: number} = {}): Locks => {
	const files = new Map<string, DatabaseSync>();
	const takeTurn = createTurns();

	const open = (name: string) => {
		const known = files.get(name);
		if (known) return known;
		mkdirSync(folder, {recursive: true});
		const file = new DatabaseSync(join(folder, `${name}.sqlite`), {timeout: 0});
		files.set(name, file);
		return file;
	};

	return {
		async hold(key, work) {
			const name = String(crc32(key) % lockFiles);
			const patientUntil = performance.now() + patienceInSeconds * 1000;
			return takeTurn(name, async () => {
				const file = open(name);
				while (!acquired(file)) {
					if (performance.now() > patientUntil)
						throw new StoreUnavailable(`another process has held a lock in ${folder} for ${patienceInSeconds} s: is one of them stopped?`);
					await delay(1 + Math.random() * 4);
				}
				try {
					return await work();
				} finally {
					if (file.isOpen) file.exec('ROLLBACK');
				}
			});
		},

		close() {
			for (const file of files.values()) file.close();
			files.clear();
		},
	};
};

const lockFiles = 32;
const sqliteBusy = 5;

const acquired = (file: DatabaseSync) => {
	try {
		file.exec('BEGIN EXCLUSIVE');
		return true;
	} catch (error) {
		if (error instanceof Error && 'errcode' in error && error.errcode === sqliteBusy) return false;
		throw error;
	}
};
