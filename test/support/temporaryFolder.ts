/** A folder of its own for a test, removed with it. */
import {mkdtemp, rm} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import type {ExecutionContext} from 'ava';

export const temporaryFolder = async (t: ExecutionContext): Promise<string> => {
	const folder = await mkdtemp(join(tmpdir(), 'layercache-'));
	t.teardown(() => rm(folder, {recursive: true, force: true}));
	return folder;
};
