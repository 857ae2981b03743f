/** What a cycle of the collector found and did, kept in the store: the dashboard's history, and the answer to "why is it gone". */
import {LRUCache} from 'lru-cache';
import {digestSchema, repositoryNameSchema, tagSchema} from 'oci-spec-types';
import {z} from 'zod';
import {readAll} from '../lib/bytes.ts';
import {mapParallel} from '../lib/mapInOrder.ts';
import type {ListedObject, ObjectStore} from '../storage/objectStore.ts';
import {gcKeys} from './gcKeys.ts';

/** Bytes and objects as they lay in the store; `unreferencedBytes` are of blobs and manifests that nothing keeps. */
const sizes = z.object({
	bytes: z.number(),
	blobs: z.number(),
	manifests: z.number(),
	tags: z.number(),
	unreferencedBytes: z.number(),
	/** Waiting in quarantine: of a repository when it was looked at, in all when the cycle had ended. */
	condemnedBytes: z.number(),
});

const tally = z.object({objects: z.number(), bytes: z.number()});

export const cycleReportSchema = z.object({
	/** Store's time, ISO 8601. */
	startedAt: z.iso.datetime(),
	endedAt: z.iso.datetime(),
	/** It went on where one had ended that did not come to its end: its numbers are of the rest. */
	resumed: z.boolean(),
	totals: sizes.extend({repositories: z.number()}),
	/** Largest first, at most a thousand. */
	repositories: z.array(sizes.extend({repo: repositoryNameSchema})),
	did: z.object({condemned: tally, recondemned: tally, freed: tally, deleted: tally}),
	/** The same by reason. */
	reasons: z.array(tally.extend({did: z.enum(['condemned', 'deleted']), reason: z.string()})),
	/** Refs that retention or a budget took, at most a thousand. */
	removed: z.array(
		z.object({
			repo: repositoryNameSchema,
			kind: z.enum(['tag', 'head', 'superseded', 'untagged']),
			tag: tagSchema.optional(),
			digest: digestSchema.optional(),
			reason: z.string(),
			bytes: z.number(),
		}),
	),
	removedCount: z.number(),
	/** Of all tags that were let go, also of those that are not listed: what they alone kept alive. */
	letGoBytes: z.number().default(0),
	/** What the budgets of the policy grant, and what their refs still take. None where the cycle did not see all of them. */
	budgets: z.array(z.object({match: z.string(), size: z.number(), bytes: z.number()})).default([]),
	/** Sentences: repositories that were left alone, and why. */
	problems: z.array(z.string()),
});
export type CycleReport = z.infer<typeof cycleReportSchema>;
export type Sizes = z.infer<typeof sizes>;

/** The last cycle's view of every ref: its bytes, and those that only it keeps alive. */
const refSizesSchema = z.object({
	at: z.iso.datetime(),
	refs: z.array(z.object({repo: repositoryNameSchema, tag: tagSchema, bytes: z.number(), exclusiveBytes: z.number()})),
});
export type RefSizes = z.infer<typeof refSizesSchema>;

export type Reports = ReturnType<typeof createReports>;

export const createReports = (store: ObjectStore) => {
	// They never change, and a page wants all of them.
	const remembered = new LRUCache<string, CycleReport>({max: keptReports});

	const listed = async (): Promise<ListedObject[]> =>
		(await Array.fromAsync(store.list(gcKeys.reports))).filter((row): row is ListedObject => 'key' in row);

	const readOne = async ({key}: ListedObject): Promise<CycleReport | undefined> => {
		const report = remembered.get(key) ?? (await readJson(store, key, cycleReportSchema));
		if (report) remembered.set(key, report);
		return report;
	};

	return {
		/** Newest first. */
		async read({since, limit = keptReports}: {since?: Date; limit?: number} = {}): Promise<CycleReport[]> {
			const wanted = (await listed()).filter(({key}) => !since || key >= gcKeys.report(since)).toReversed();
			const reports = await mapParallel(wanted.slice(0, limit), parallelReads, readOne);
			return reports.filter(report => report !== undefined);
		},

		/** Undefined before the first cycle has come to its end. */
		refSizes: (): Promise<RefSizes | undefined> => readJson(store, gcKeys.refSizes, refSizesSchema),

		/** The oldest give way. */
		async write(report: CycleReport, refs: RefSizes): Promise<void> {
			await store.write(gcKeys.report(new Date(report.startedAt)), encode(report), {contentType: 'application/json'});
			await store.write(gcKeys.refSizes, encode(refs), {contentType: 'application/json'});
			const tooMany = (await listed()).slice(0, -keptReports);
			if (tooMany.length > 0) await store.remove(tooMany.map(({key}) => key));
		},
	};
};

// Three weeks of hourly cycles.
const keptReports = 500;
const parallelReads = 16;

const encode = (value: CycleReport | RefSizes) => Buffer.from(JSON.stringify(value));

/** Undefined where it is gone, or of another version of layercache. */
const readJson = async <T>(store: ObjectStore, key: string, schema: z.ZodType<T>): Promise<T | undefined> => {
	const object = await store.read(key);
	if (!object) return undefined;
	return schema.safeParse(JSON.parse((await readAll(object.body)).toString())).data;
};
