/** A policy file in a folder of its own, which goes with the test. */
import {rename, writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import type {ExecutionContext} from 'ava';
import {temporaryFolder} from './temporaryFolder.ts';

/** A section by which clients without a credential may move what is protected, too. */
export const anyoneMayMove = '\naccess: [{who: {anyone: true}, may: [pull, push, delete, protect], on: "**:*"}]\n';

export const policyFile = async (t: ExecutionContext, text: string): Promise<string> => {
	const path = join(await temporaryFolder(t), 'policy.yaml');
	await writeFile(path, text);
	return path;
};

/** At no moment is there half of it. */
export const replacePolicy = async (path: string, text: string): Promise<void> => {
	await writeFile(`${path}.new`, text);
	await rename(`${path}.new`, path);
};
