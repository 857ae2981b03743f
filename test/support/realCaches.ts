/** What a real BuildKit exported (scripts/cacheFixtures.ts): the editions `main` and `branch` of one build, and forms of the first. */
import {readFileSync} from 'node:fs';
import {parseManifest} from 'oci-spec-types';
import {type CacheDocument, parseCacheDocument} from '../../src/cache/cacheDocument.ts';

export const realManifest = (name: string) => parseManifest(realBytes(`${name}.manifest.json`));
export const realBytes = (file: string): Buffer => readFileSync(new URL(`../unit/fixtures/${file}`, import.meta.url));
export const realCache = (name: 'main' | 'branch' | 'index' | 'docker'): CacheDocument =>
	parseCacheDocument(realManifest(name), realBytes(`${name}.config.json`));
