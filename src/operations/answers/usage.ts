/** How much the registry is used, and what takes the room. */
import {z} from 'zod';
import {refRow} from './refs.ts';
import {asOf, bytes, count, day, digest, filters, repository, time} from './values.ts';

const traffic = z.object({
	pushes: count,
	imports: count.describe('Importers that got a cache'),
	fallbacks: count.describe("Of these, those that got another tag's"),
	importMisses: count.describe('Importers that were told that there is none'),
	pushedBytes: bytes.describe('Blobs that came from builders, by either way'),
	redirectedPushBytes: bytes.describe('Of these, straight to the store'),
	fetches: count.describe('Layers that were sent to builders'),
	fetchedBytes: bytes.describe('Their bytes, by either way'),
	redirectedBytes: bytes.describe('Of these, straight from the store'),
	streamedBytes: bytes.describe('Of these, through this server'),
});

/** From 0 to 1; missing where nobody asked. */
const hitRate = z.number().min(0).max(1).optional();

const days = z.int().positive().max(400).default(30).describe('Of the last so many days');

export const usage = {
	input: z.strictObject({days, repo: filters.repo}),
	output: z.object({
		asOf,
		days: z.array(traffic.extend({day, hitRate})).describe('Oldest first; days without any use are there too'),
		total: traffic.extend({hitRate}),
		sizes: z
			.array(z.object({at: time, bytes, blobs: count, manifests: count, tags: count, unreferencedBytes: bytes, condemnedBytes: bytes}))
			.describe('One for each cycle of the collector'),
		repositories: z
			.array(
				z.object({
					repository,
					bytes,
					refs: count,
					blobs: count,
					grownBytes: z.int().optional().describe('Since the first of `sizes`; missing where that is not known'),
				}),
			)
			.describe('Largest first'),
	}),
};

export const top = {
	input: z.strictObject({
		...filters,
		by: z.enum(['size', 'exclusive', 'imports', 'pushes', 'idle']).default('exclusive').describe('What makes a ref one of the first'),
		limit: z.int().positive().max(1000).default(10).describe('So many of each'),
		days,
	}),
	output: z.object({
		asOf,
		refs: z.array(refRow),
		layers: z.array(
			z.object({
				repository,
				digest,
				bytes: bytes.optional().describe('Missing where it is gone'),
				fetches: count,
				fetchedBytes: bytes,
				lastFetchedAt: time.optional(),
			}),
		),
		clients: z.array(z.object({client: z.string(), pushes: count, imports: count, fetches: count, lastSeenAt: time})),
	}),
};
