/** The version of this package. */
import {readFileSync} from 'node:fs';
import {z} from 'zod';

const packageJson = z.object({version: z.string()});

// Read, not imported: the published package has its JavaScript in dist/, and this file one folder above, as here.
export const {version} = packageJson.parse(JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')));
