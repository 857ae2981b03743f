/** How far a cycle has come, so that another goes on where it was killed; and when the last one ended. */
import {digestSchema, repositoryNameSchema, tagSchema} from 'oci-spec-types';
import {z} from 'zod';
import {readAll} from '../lib/bytes.ts';
import type {ObjectStore} from '../storage/objectStore.ts';
import {gcKeys} from './gcKeys.ts';

const progressSchema = z.object({
	startedAt: z.iso.datetime(),
	/** This repository and all before it are done. */
	after: repositoryNameSchema.optional(),
	repositories: z.number(),
	/** It came to its end. */
	endedAt: z.iso.datetime().optional(),
	/** Refs that several repositories together hold too many of: their heads go in the next cycle. */
	carried: z.array(
		z.object({
			repo: repositoryNameSchema,
			kind: z.literal('tag'),
			tag: tagSchema,
			digest: digestSchema.optional(),
			pushedAt: z.iso.datetime().optional(),
			reason: z.string(),
			exclusiveBytes: z.number(),
		}),
	),
});
export type Progress = z.infer<typeof progressSchema>;

/** Undefined before the first cycle, and where what is there cannot be read. */
export const readProgress = async (store: ObjectStore): Promise<Progress | undefined> => {
	const object = await store.read(gcKeys.cycle);
	if (!object) return undefined;
	const text = (await readAll(object.body)).toString();
	try {
		return progressSchema.safeParse(JSON.parse(text)).data;
	} catch {
		return undefined;
	}
};

export const writeProgress = async (store: ObjectStore, progress: Progress): Promise<void> => {
	await store.write(gcKeys.cycle, Buffer.from(JSON.stringify(progress)), {contentType: 'application/json'});
};
