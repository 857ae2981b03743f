/** layercache in front of another registry, which is kept in memory and can be made to fail. */
import type {ExecutionContext} from 'ava';
import {type Digest, digestOf, mediaTypes, parseRepositoryName, parseTag, type Reference} from 'oci-spec-types';
import type {Registry} from '../../src/registry/registry.ts';
import {createMemoryStore} from '../../src/storage/memory.ts';
import type {RemoteRegistry} from '../../src/upstream/upstream.ts';
import {type StartOptions, startApp} from './app.ts';
import {bodyOf} from './bytes.ts';
import {type Client, describe, imageOf} from './client.ts';
import {storedRegistryOn} from './registries.ts';

export const team = parseRepositoryName('team/app');
export const v1 = parseTag('v1');

/** Each method can be replaced: `faults` are looked at with every call. */
export const createUpstream = () => {
	// Nobody waits for the end of a deletion: the store's clock is set to it.
	let skippedMs = 0;
	const kept = storedRegistryOn(createMemoryStore({now: () => new Date(Date.now() + skippedMs)}), {
		async wait(ms) {
			skippedMs += ms;
		},
	});
	const faults: Partial<Registry> = {};
	const asked: string[] = [];
	const watched = (name: keyof Registry) => [
		name,
		(...given: never[]) => {
			asked.push(name);
			return ((faults[name] ?? kept[name]) as (...all: never[]) => unknown)(...given);
		},
	];
	const methods = Object.fromEntries((Object.keys(kept) as (keyof Registry)[]).map(watched)) as Registry;
	const registry: RemoteRegistry = {...methods, close: async () => undefined};
	const digestAt = async (reference: Reference, repo = team): Promise<Digest | undefined> =>
		(await kept.getManifest(repo, reference).catch(() => undefined))?.digest;
	return {registry, kept, faults, asked, digestAt};
};

type InFrontOptions = StartOptions & {route?: string; routes?: readonly string[]; others?: Readonly<Record<string, RemoteRegistry>>};

/** Routes `team/**`, with what `route` says besides; `policy` is the rest of the file, `others` are upstreams beside `there`. */
export const startInFront = async (t: ExecutionContext, options: InFrontOptions = {}) => {
	const {route = '', routes, policy = '', others = {}, ...more} = options;
	const upstream = createUpstream();
	const named = ['there', ...Object.keys(others)].map(name => `${name}: {url: "https://${name}.example"}`);
	const all = routes ?? [`{match: "team/**:*", upstream: there${route && `, ${route}`}}`];
	const app = await startApp(t, {
		policy: `upstreams: {${named.join(', ')}}\nroutes: [${all.join(', ')}]\n${policy}`,
		openUpstream: name => others[name] ?? upstream.registry,
		...more,
	});
	return {...app, upstream};
};

/** An image of a word, with its two blobs. */
export const imageOfWord = (word: string, more: Record<string, unknown> = {}) => {
	const blobs = [JSON.stringify({os: 'linux', author: word}), `the layer of ${word}`] as const;
	const manifest = JSON.stringify(imageOf(describe(blobs[0], mediaTypes.ociConfig), [describe(blobs[1])], more));
	return {blobs, manifest, digest: digestOf(Buffer.from(manifest)), layer: describe(blobs[1]).digest};
};

/** Through layercache, as a client does it. */
export const pushThrough = async (client: Client, word: string, reference = 'v1', repo: string = team) => {
	const image = imageOfWord(word);
	for (const blob of image.blobs) await client.pushBlob(repo, blob);
	return {...image, answer: await client.putManifest(repo, reference, image.manifest)};
};

/** Straight to the upstream, past us. */
export const pushThere = async (registry: Registry, word: string, tags = [v1], repo = team) => {
	const image = imageOfWord(word);
	for (const blob of image.blobs) await registry.putBlob(repo, digestOf(Buffer.from(blob)), bodyOf(Buffer.from(blob)));
	await registry.putManifest(repo, {bytes: Buffer.from(image.manifest), mediaType: mediaTypes.ociManifest}, {tags});
	return image;
};
