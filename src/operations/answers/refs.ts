/** What the operations on refs take and answer. */
import {z} from 'zod';
import {removalAnswer, removalInput} from './removals.ts';
import {amount, asOf, bytes, count, day, digest, filters, ref, repository, tag, time} from './values.ts';

/** One ref as a list has it. */
export const refRow = z.object({
	repository,
	tag,
	digest,
	mediaType: z.string(),
	pushedAt: time,
	lastImportedAt: time.optional(),
	pushes: count.describe('As far back as usage is kept'),
	imports: count,
	bytes: bytes.describe('All that an import of it may need, with what it replaced and still keeps'),
	exclusiveBytes: bytes.describe('What would go with it, since nothing else keeps it'),
	layers: count,
	superseded: count.describe('Manifests that it had before, and keeps'),
	protected: z.enum(['no', 'policy', 'hand']),
});
export type RefRow = z.output<typeof refRow>;

export const refOrders = ['name', 'size', 'exclusive', 'pushed', 'imported', 'imports'] as const;

export const refsList = {
	input: z.strictObject({
		...filters,
		sort: z.enum(refOrders).default('name').describe('What comes first: the largest, the newest, the most'),
		limit: z.int().positive().max(100_000).optional().describe('At most so many'),
	}),
	output: z.object({asOf, refs: z.array(refRow), total: amount.describe('Of all that match, however many are listed')}),
};

/** Where in a build a layer was made, and who needs it. */
const layerRow = z.object({
	digest,
	bytes,
	mediaType: z.string(),
	missing: z.boolean().describe('It is gone; imports are answered without it'),
	storedAt: time.optional(),
	lastFetchedAt: time.optional(),
	fetches: count,
	hits: z.array(z.object({day, fetches: count})).describe('The last days on which it was fetched'),
	sharedWith: z.array(ref).describe('Other refs of the repository that need it'),
	steps: z.array(z.string()).describe('Steps of the build whose records need it, as their digests'),
	records: count.describe('How many records of the cache lead to it'),
});
export type LayerRow = z.output<typeof layerRow>;

const deadLayer = z.object({digest, bytes, storedAt: time.optional(), lastFetchedAt: time.optional()});

export const refsShow = {
	input: z.strictObject({
		ref,
		unusedFor: z.string().default('14d').describe('A layer that was not fetched for so long counts as dead weight, such as `14d`'),
	}),
	output: z.object({
		asOf,
		ref: refRow,
		kind: z.enum(['cache', 'image', 'other']),
		layers: z.array(layerRow),
		previous: z.array(z.object({digest, since: time})),
		heads: z.array(z.object({digest, pushedAt: time})).describe('Of a tag that merges: the pushes that are kept'),
		deadWeight: z.object({
			layers: z.array(deadLayer),
			bytes,
			modeMinBytes: bytes.describe('What `mode=min` would save: layers that no last step of the build needs'),
		}),
		nearDuplicates: z.array(
			z.object({bytes: bytes.describe('What all but one of them take'), layers: z.array(digest), differ: z.string()}),
		),
		advice: z.array(z.string()),
	}),
};

export const refsDiff = {
	input: z.strictObject({a: ref, b: ref}),
	output: z.object({
		asOf,
		a: refRow,
		b: refRow,
		onlyInA: z.array(layerRow.pick({digest: true, bytes: true, steps: true})),
		onlyInB: z.array(layerRow.pick({digest: true, bytes: true, steps: true})),
		inBoth: amount,
		records: z.object({onlyInA: count, onlyInB: count, inBoth: count}),
	}),
};

export const refsProtect = {
	input: z.strictObject({ref, off: z.boolean().default(false).describe('Protect it no longer')}),
	output: z.object({ref, protected: refRow.shape.protected, changed: z.boolean()}),
};

export const refsDelete = {
	input: z.strictObject({refs: z.array(ref).min(1).max(1000), ...removalInput}),
	output: removalAnswer,
};
