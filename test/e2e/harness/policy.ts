/** A policy file for a server of a test, as its setting. */
import {writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import type {Scope} from './scope.ts';
import {temporaryFolder} from './temporaryFolder.ts';

export const policySetting = async (scope: Scope, yaml: string): Promise<NodeJS.ProcessEnv> => {
	const file = join(await temporaryFolder(scope, 'policy'), 'policy.yaml');
	await writeFile(file, yaml);
	return {LAYERCACHE_POLICY: file};
};
