/** Which documents were made here, of what: one pointer each, so that any replica finds what another made. */
import {digestSchema, type RepositoryName, tagSchema} from 'oci-spec-types';
import {z} from 'zod';
import type {ObjectStore} from '../storage/objectStore.ts';
import {readDocument, swapDocument} from './documents.ts';
import type {Guard} from './guard.ts';
import {keys} from './keys.ts';

export type DerivedPointers = ReturnType<typeof createDerivedPointers>;

/** `digest` names an ordinary manifest. The rest is for people, and for whoever decides whether it is still of use; when it was made, the store says of the pointer itself. */
export type DerivedPointer = z.infer<typeof pointerSchema>;

export const createDerivedPointers = (store: ObjectStore, guard: Guard) => ({
	async read(repo: RepositoryName, key: string): Promise<DerivedPointer | undefined> {
		return (await readDocument(store, keys.derived(repo, key), pointerSchema))?.value;
	},

	/** The bytes come before their pointer. Who makes the same of the same writes the same: the first pointer stays. */
	async write(repo: RepositoryName, key: string, pointer: DerivedPointer): Promise<void> {
		await guard.secure(repo, [keys.derived(repo, key)], 'derived');
		const unlessSame = (current?: DerivedPointer) => (current?.digest === pointer.digest ? undefined : pointer);
		await swapDocument(store, keys.derived(repo, key), pointerSchema, unlessSame, {document: undefined});
	},
});

export const pointerSchema = z.object({
	digest: digestSchema,
	/** The blob that the manifest names as its config. */
	config: digestSchema,
	/** How it was made; whether it had to be compacted is not known before. */
	ways: z.array(z.enum(['union', 'repaired', 'compacted'])),
	/** The tag that asked for it first. */
	tag: tagSchema,
	/** The manifests that it was made of. */
	sources: z.array(z.object({tag: tagSchema, digest: digestSchema})),
	/** Layers that these name and that were gone. */
	missing: z.array(digestSchema),
});
