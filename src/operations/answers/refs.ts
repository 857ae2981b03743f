/** What the operations on refs take and answer. */
import {z} from 'zod';
import type {Unchanging} from '../operation.ts';
import {removalAnswer, removalInput} from './removals.ts';
import {amount, asOf, bytes, count, digest, filters, ref, repository, tag, time} from './values.ts';

const refField = ref.describe('A repository and a tag, such as `ci/app:main`');

/** One ref as a list has it. */
export const refRow = z.object({
	repository,
	tag,
	digest,
	mediaType: z.string(),
	kind: z.enum(['cache', 'image', 'other']),
	pushedAt: time.describe('The last push, also one that found nothing to do'),
	lastImportedAt: time.optional(),
	idleSince: time.optional().describe('Nobody has pushed or imported it since; missing where nothing is recorded'),
	pushes: count.describe('As far back as usage is kept'),
	imports: count,
	bytes: bytes.describe('All that it leads to, each object once'),
	exclusiveBytes: bytes.describe('Of those, what only this ref keeps alive'),
	shareBytes: bytes.describe('The exclusive ones, and its part of those that it shares'),
	layers: count,
	heads: count.describe('Of a tag that merges: the pushes that count'),
	superseded: count.describe('Manifests that it had before, and keeps'),
	protected: z.enum(['no', 'policy', 'hand']),
});
export type RefRow = Unchanging<z.output<typeof refRow>>;

const refOrders = ['name', 'size', 'exclusive', 'pushed', 'imported', 'imports'] as const;

export const refsList = {
	input: z.strictObject({
		...filters,
		sort: z.enum(refOrders).default('name').describe('What comes first: the largest, the newest, the most'),
		limit: z.int().positive().max(100_000).optional().describe('At most so many'),
	}),
	output: z.object({asOf, refs: z.array(refRow), total: amount.describe('Of all that match, however many are listed')}),
};

/** A step of a build, as its record in the cache has it. */
const step = z.object({
	digest,
	description: z.string().optional().describe('The line of the Dockerfile, where BuildKit wrote it down'),
	createdAt: z.string().optional().describe("By the builder's clock"),
});

const layerRow = z.object({
	digest,
	mediaType: z.string(),
	size: bytes,
	present: z.boolean().describe('Otherwise it is gone, and imports are answered without it'),
	storedAt: time.optional(),
	createdAt: z.string().optional().describe("By the builder's clock"),
	description: z.string().optional().describe('The line of the Dockerfile, where BuildKit wrote it down'),
	uncompressed: digest.optional().describe('The digest of its content'),
	fetches: count,
	recentFetches: count.describe('Those of the last `recentDays`'),
	lastFetchedAt: time.optional(),
	sharedWith: z.array(tag).describe('Other refs of the repository that lead to it'),
	exclusive: z.boolean().describe('No other ref leads to it'),
	neededBy: z.array(step).describe('The steps one of whose results has it'),
	lostWithout: count.describe('How many of those have no other result'),
});
export type LayerRow = Unchanging<z.output<typeof layerRow>>;

const sizedLayer = z.object({digest, size: bytes});
const saving = z.object({
	layers: z.array(sizedLayer.extend({storedAt: time.optional(), lastFetchedAt: time.optional()})),
	bytes,
	exclusiveBytes: bytes.describe('Of layers that no other ref leads to: the store would be so much smaller'),
	records: count.describe('Steps that would have no result left'),
});

const deadWeight = z.object({
	days: count,
	countedSince: time.optional().describe('What was fetched before, nobody knows'),
	unfetched: saving.describe('Layers that were not fetched for so many days, and have been there for as long'),
	modeMin: saving.describe('What the cache would lose with `mode=min`'),
	withoutRecords: saving.describe('What would go with the records whose results have an unfetched layer'),
});

const nearDuplicates = z.object({
	compressions: z
		.array(
			z.object({
				uncompressed: digest,
				copies: z.array(sizedLayer.extend({mediaType: z.string(), tags: z.array(tag)})),
				wastedBytes: bytes,
			}),
		)
		.describe('The same content as several blobs'),
	steps: z
		.array(
			z.object({
				record: digest,
				results: z.array(z.object({createdAt: z.string().optional(), layers: z.array(digest), bytes, tags: z.array(tag)})),
				wastedBytes: bytes,
			}),
		)
		.describe('Steps that were run several times, with results that differ in their dates at least'),
});

const days = z.int().positive().max(400);

export const refsShow = {
	input: z.strictObject({
		ref: refField,
		days: days.default(14).describe('A layer that was not fetched for so many days is dead weight'),
	}),
	output: z.object({
		asOf,
		ref: refRow,
		form: z.string().optional().describe('Of caches: which of the two forms BuildKit wrote'),
		digests: z.array(digest).describe('What was pushed to it and counts; several for a tag that merges'),
		records: count.describe('Steps that the cache knows'),
		recentDays: count,
		layers: z.array(layerRow),
		previous: z.array(z.object({digest, since: time})).describe('What it pointed at before, newest first'),
		deadWeight: deadWeight.optional().describe('Missing for what is no cache'),
		nearDuplicates: nearDuplicates.describe('Between this ref and the newest others of its repository, as far as it has a part in them'),
		problems: z.array(z.string()).describe('What could not be read, and why'),
	}),
};

const diffedLayer = sizedLayer.extend({
	mediaType: z.string(),
	uncompressed: digest.optional(),
	twin: digest.optional().describe('The layer of the other side that has the same content, compressed otherwise'),
});

export const refsDiff = {
	input: z.strictObject({a: refField, b: refField}),
	output: z.object({
		asOf,
		a: ref,
		b: ref,
		bytes: z.object({onlyA: bytes, onlyB: bytes, both: bytes}),
		layers: z.object({onlyA: z.array(diffedLayer), onlyB: z.array(diffedLayer), both: z.array(diffedLayer)}),
		records: z.object({onlyA: z.array(step), onlyB: z.array(step), both: z.array(step)}),
	}),
};

export const refsProtect = {
	input: z.strictObject({ref: refField, off: z.boolean().default(false).describe('Protect it no longer')}),
	output: z.object({ref, protected: refRow.shape.protected, changed: z.boolean()}),
};

export const refsDelete = {
	input: z.strictObject({refs: z.array(ref).min(1).max(1000).describe('Repositories and tags, such as `ci/app:main`'), ...removalInput}),
	output: removalAnswer,
};
