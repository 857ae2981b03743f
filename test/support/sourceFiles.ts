/** The source of the service, for tests of what must be nowhere in it. */
import {readdir, readFile} from 'node:fs/promises';
import {join} from 'node:path';
import {fileURLToPath} from 'node:url';

const root = fileURLToPath(new URL('../../', import.meta.url));

/** Every .ts file below these folders of the checkout. */
export const sourceFiles = async (...folders: readonly string[]): Promise<{path: string; text: string}[]> => {
	const found = await Promise.all(
		folders.map(async folder => (await readdir(join(root, folder), {recursive: true})).map(name => join(folder, name))),
	);
	const paths = found.flat().filter(path => path.endsWith('.ts'));
	return Promise.all(paths.map(async path => ({path, text: await readFile(join(root, path), 'utf8')})));
};
