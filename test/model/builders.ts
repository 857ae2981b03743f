/** What builders do, each by asking a server: they push as BuildKit and Docker do or without a question, mount, delete tags, and import. */
import {type Digest, OciError, parseManifest, parseTag, type Reference, references} from 'oci-spec-types';
import type {Registry} from '../../src/registry/registry.ts';
import {goneOf} from './invariants.ts';
import {quarantineMs} from './lifetimes.ts';
import type {Promises} from './promises.ts';
import type {Servers} from './servers.ts';
import type {Simulation} from './simulation.ts';
import {type BlobName, blobs, type DocumentName, documents, elsewhere, repo} from './universe.ts';

/** `wrong` gets a sentence about what an import could not read. */
export const createBuilders = (
	{store, now}: Simulation,
	{servers: {ask}, promises, wrong}: {servers: Servers; promises: Promises; wrong: string[]},
) => {
	const has = (by: number, work: (registry: Registry) => Promise<unknown>): Promise<boolean> =>
		ask(by, registry => work(registry).then(() => true, falseIfUnknown));

	const putBlob = (by: number, name: BlobName) =>
		ask(by, registry => registry.putBlob(repo, blobs[name].digest, bytesOf(name), blobs[name].bytes.length));

	const mount = (by: number, name: BlobName) => ask(by, registry => registry.mountBlob(repo, blobs[name].digest, elsewhere));

	const putManifest = async (who: string, by: number, name: DocumentName, tag: string | undefined): Promise<void> => {
		const {bytes, mediaType, digest} = documents[name];
		const as = tag === undefined ? {digest, tags: []} : {tags: [parseTag(tag)]};
		await ask(by, registry => registry.putManifest(repo, {bytes, mediaType}, as));
		await promises.acknowledge(who, name, tag);
	};

	/** As BuildKit and Docker do it: what it is told is there it does not send. */
	const push = async (who: string, by: number, name: DocumentName, tag: string | undefined): Promise<void> => {
		const {digest, blobs: layers, children} = documents[name];
		for (const child of children) await push(who, by, child, undefined);
		for (const layer of layers) {
			if (!(await has(by, registry => registry.statBlob(repo, blobs[layer].digest, 'pusher')))) await putBlob(by, layer);
		}
		const reference: Reference = tag === undefined ? digest : parseTag(tag);
		const there = await ask(by, registry => registry.getManifest(repo, reference, 'pusher').catch(undefinedIfUnknown));
		if (there?.digest === digest) return promises.acknowledge(who, name, tag);
		await putManifest(who, by, name, tag);
	};

	/** As some do it: everything, without a question. */
	const send = async (who: string, by: number, name: DocumentName, tag: string | undefined, mounts = false): Promise<void> => {
		const {blobs: layers, children} = documents[name];
		for (const child of children) await send(who, by, child, undefined, mounts);
		for (const layer of layers) if (!(mounts && (await mount(by, layer)))) await putBlob(by, layer);
		await putManifest(who, by, name, tag);
	};

	const deleteTag = (by: number, tag: string) => ask(by, registry => registry.deleteTag(repo, parseTag(tag)));

	/** As BuildKit does it: the tag, its digest, then for a long time what that names. */
	const importTag = async (who: string, by: number, tag: string): Promise<void> => {
		const found = await ask(by, registry => registry.getManifest(repo, parseTag(tag), 'importer').catch(undefinedIfUnknown));
		if (!found || (await goneOf(store, found.digest))) return;
		const begun = now();
		const fail = (what: string) => {
			if (now() - begun < quarantineMs) wrong.push(`${who} had the digest of ${tag} from ${begun}, and could not read ${what}`);
		};
		const read = async (digest: Digest): Promise<void> => {
			const stored = await ask(by, registry => registry.getManifest(repo, digest).catch(undefinedIfUnknown));
			if (!stored) return fail(digest);
			for (const {descriptor, as} of references(parseManifest(stored.bytes, stored.mediaType))) {
				if (as === 'manifest') await read(descriptor.digest);
				else {
					const blob = await ask(by, registry => registry.readBlob(repo, descriptor.digest).catch(undefinedIfUnknown));
					if (!blob) fail(descriptor.digest);
					blob?.body.destroy();
				}
			}
		};
		await read(found.digest);
	};

	return {putBlob, mount, putManifest, push, send, deleteTag, importTag};
};

const bytesOf = async function* (name: BlobName) {
	yield blobs[name].bytes;
};

const undefinedIfUnknown = (error: unknown): undefined => {
	if (error instanceof OciError && (error.code === 'MANIFEST_UNKNOWN' || error.code === 'BLOB_UNKNOWN')) return undefined;
	throw error;
};
const falseIfUnknown = (error: unknown): false => {
	undefinedIfUnknown(error);
	return false;
};
