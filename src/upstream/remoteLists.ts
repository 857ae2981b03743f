/** Lists of an upstream: page after page, as far as it keeps leading to new ones of its own. */
import {
	type Descriptor,
	type Digest,
	descriptorSchema,
	isRepositoryName,
	isTagText,
	OciError,
	type RepositoryName,
	type Tag,
} from 'oci-spec-types';
import {z} from 'zod';
import {inByteOrder} from '../lib/byteOrder.ts';
import {mapParallel} from '../lib/mapInOrder.ts';
import type {Registry, TagFacts} from '../registry/registry.ts';
import {nonsense} from './refusals.ts';
import type {RemoteClient, RemoteRequest} from './remoteClient.ts';
import {listsAll, pulls} from './remoteScopes.ts';

type ListMethods = Pick<Registry, 'listTags' | 'findTags' | 'listReferrers' | 'listRepositories'>;

export type RemoteListsOptions = {origin: URL; readTag: Registry['readTag']; getManifest: Registry['getManifest']};

export const createRemoteLists = (client: RemoteClient, {origin, readTag, getManifest}: RemoteListsOptions): ListMethods => {
	const {host} = client;

	/** Each page by its schema. */
	async function* pages<T>(request: RemoteRequest, schema: z.ZodType<T>): AsyncGenerator<T> {
		const seen = new Set<string>();
		for (let target: string | URL | undefined = request.target; target; ) {
			if (seen.size >= mostPages || seen.has(String(target)))
				throw nonsense({host, operation: request.operation}, 'has a list that does not end');
			seen.add(String(target));
			const {bytes, headers, url} = await client.read({...request, target}, mostPageBytes);
			const page = schema.safeParse(jsonOf(bytes));
			if (!page.success) throw nonsense({host, operation: request.operation}, 'answers a list that is none');
			yield page.data;
			target = nextPage(headers.link, url, origin);
		}
	}

	async function* listTags(repo: RepositoryName, {after}: {after?: string} = {}): AsyncGenerator<Tag> {
		const target = `/v2/${repo}/tags/list?${new URLSearchParams({n: String(pageEntries), ...(after && {last: after})})}`;
		const request = {
			operation: 'listTags',
			method: 'GET',
			target,
			repo,
			scope: pulls(repo),
			expected: [200],
			absent: 'NAME_UNKNOWN',
		} as const;
		// Not every registry heeds `last`.
		for await (const {tags} of pages(request, tagsSchema))
			for (const tag of tags ?? []) if (isTagText(tag) && (!after || inByteOrder(tag, after) > 0)) yield tag;
	}

	/** Of a registry that knows no referrers, as the distribution-spec has clients keep them ("Referrers Tag Schema"). */
	const referrersByTag = async (repo: RepositoryName, subject: Digest): Promise<readonly Descriptor[]> => {
		const tag = subject.replace(':', '-').slice(0, 71);
		if (!isTagText(tag)) return [];
		const manifest = await getManifest(repo, tag).catch(error => {
			if (error instanceof OciError && error.code === 'MANIFEST_UNKNOWN') return undefined;
			throw error;
		});
		return (manifest && referrersSchema.safeParse(jsonOf(manifest.bytes)).data?.manifests) ?? [];
	};

	const referrers = async (repo: RepositoryName, subject: Digest): Promise<readonly Descriptor[]> => {
		const target = `/v2/${repo}/referrers/${subject}`;
		const request = {operation: 'listReferrers', method: 'GET', target, repo, scope: pulls(repo), expected: [200]} as const;
		try {
			const found: Descriptor[] = [];
			for await (const {manifests} of pages({...request, absent: 'UNSUPPORTED'}, referrersSchema)) found.push(...(manifests ?? []));
			return found;
		} catch (error) {
			if (error instanceof OciError && error.code === 'UNSUPPORTED') return referrersByTag(repo, subject);
			throw error;
		}
	};

	return {
		listTags,

		async findTags(repo, {prefix, matches, limit}) {
			const wanted: Tag[] = [];
			try {
				for await (const tag of listTags(repo)) if (tag.startsWith(prefix) && matches(tag)) wanted.push(tag);
			} catch (error) {
				if (!(error instanceof OciError && error.code === 'NAME_UNKNOWN')) throw error;
			}
			const found = await mapParallel(wanted.slice(0, limit), requestsAtOnce, tag => readTag(repo, tag));
			return found.flat() satisfies TagFacts[];
		},

		async *listReferrers(repo, digest, {after} = {}) {
			const found = new Map((await referrers(repo, digest)).map(descriptor => [descriptor.digest, descriptor]));
			for (const [name, descriptor] of [...found].sort(([a], [b]) => inByteOrder(a, b)))
				if (!after || inByteOrder(name, after) > 0) yield descriptor;
		},

		async *listRepositories({after} = {}) {
			const target = `/v2/_catalog?n=${pageEntries}`;
			const request = {
				operation: 'listRepositories',
				method: 'GET',
				target,
				scope: listsAll,
				expected: [200],
				absent: 'UNSUPPORTED',
			} as const;
			const names: RepositoryName[] = [];
			for await (const {repositories} of pages(request, catalogSchema)) names.push(...(repositories ?? []).filter(isRepositoryName));
			// Each has an order of its own.
			names.sort((a, b) => inByteOrder(`${a}/`, `${b}/`));
			for (const name of names) if (!after || inByteOrder(`${name}/`, `${after}/`) > 0) yield name;
		},
	};
};

const tagsSchema = z.object({tags: z.array(z.string()).nullish()});
const catalogSchema = z.object({repositories: z.array(z.string()).nullish()});
const referrersSchema = z.object({manifests: z.array(descriptorSchema).nullish()});

/** Where `Link` leads to (RFC 8288); nowhere but to the upstream itself, for whoever we are goes along. */
const nextPage = (link: string | undefined, from: URL, origin: URL): URL | undefined => {
	const target = /^\s*<([^>]*)>\s*;[^,]*\brel="?next"?/.exec(link ?? '')?.[1];
	if (target === undefined || !URL.canParse(target, from)) return undefined;
	const url = new URL(target, from);
	return url.origin === origin.origin ? url : undefined;
};

const jsonOf = (bytes: Uint8Array): unknown => {
	try {
		return JSON.parse(Buffer.from(bytes).toString());
	} catch {
		return undefined;
	}
};

const pageEntries = 1000;
const mostPages = 10_000;
const mostPageBytes = 8 * 1024 * 1024;
const requestsAtOnce = 16;
