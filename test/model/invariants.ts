/** What must hold of the store, asked of it as it is: what is missing, what leads nowhere, what is left over. */
import {type Digest, type Manifest, parseManifest, parseTag, references} from 'oci-spec-types';
import {readAll} from '../../src/lib/bytes.ts';
import {keys} from '../../src/registry/keys.ts';
import type {ObjectStore} from '../../src/storage/objectStore.ts';
import {type DocumentName, documents, repo} from './universe.ts';

/** The first key that is missing of what this manifest leads to. */
export const goneOf = async (store: ObjectStore, digest: Digest): Promise<string | undefined> => {
	for (const key of keysOf(digest)) if (!(await store.stat(key))) return key;
	return undefined;
};

export const isAt = async (store: ObjectStore, tag: string, name: DocumentName): Promise<boolean> => {
	const object = await store.read(keys.tag(repo, parseTag(tag)));
	if (!object) return false;
	const bytes = await readAll(object.body);
	return !isDeleted(bytes) && digestIn(bytes) === documents[name].digest;
};

/** Live tags whose manifest is gone. */
export const leadingNowhere = async (store: ObjectStore): Promise<string[]> => {
	const found: string[] = [];
	for await (const entry of store.list(keys.tags(repo))) {
		const object = 'key' in entry ? await store.read(entry.key) : undefined;
		const bytes = object && (await readAll(object.body));
		if (!bytes || isDeleted(bytes) || (await store.stat(keys.manifest(repo, digestIn(bytes))))) continue;
		found.push(`${object.facts.key} leads to ${digestIn(bytes)}, which is gone`);
	}
	return found;
};

/** What lies in the store and no live tag leads to. */
export const leftOver = async (store: ObjectStore): Promise<string[]> => {
	const kept = new Set<string>();
	const found: string[] = [];
	for await (const entry of store.list(`repos/${repo}/`)) {
		if (!('key' in entry)) continue;
		found.push(entry.key);
		if (!entry.key.includes('/_tags/')) continue;
		const object = await store.read(entry.key);
		const bytes = object ? await readAll(object.body) : Buffer.from('{}');
		if (isDeleted(bytes)) continue;
		kept.add(entry.key);
		for (const key of keysOf(digestIn(bytes))) kept.add(key);
	}
	for (const {digest, subject} of Object.values(documents)) {
		if (subject && kept.has(keys.manifest(repo, subject))) for (const key of keysOf(digest)) kept.add(key);
		if (subject && kept.has(keys.manifest(repo, digest))) kept.add(keys.referrer(repo, subject, digest));
	}
	return found.filter(key => !kept.has(key) && !key.includes('/_gc/')).map(key => `${key} is still there`);
};

export const isDeleted = (tag: Uint8Array): boolean => JSON.parse(Buffer.from(tag).toString()).deleted === true;
export const digestIn = (tag: Uint8Array): Digest => JSON.parse(Buffer.from(tag).toString()).digest;

/** All that a manifest leads to, itself first. */
const keysOf = (digest: Digest): string[] => {
	const manifest = manifestsByDigest.get(digest);
	if (!manifest) return [];
	const named = references(manifest).flatMap(({descriptor, as}) =>
		as === 'manifest' ? keysOf(descriptor.digest) : [keys.blob(repo, descriptor.digest)],
	);
	return [keys.manifest(repo, digest), ...named];
};

const manifestsByDigest: ReadonlyMap<Digest, Manifest> = new Map(
	Object.values(documents).map(({digest, bytes, mediaType}) => [digest, parseManifest(bytes, mediaType)]),
);
