/** Listings over HTTP: tags, referrers, repositories, a page at a time. */
import {type Descriptor, formatLink, formatRequest, mediaTypes, parseDigest, parseRepositoryName} from 'oci-spec-types';
import type {Handle} from './endpoints.ts';
import {jsonReply} from './reply.ts';

export const listTags: Handle<'tags.list'> = async ({repo, page}, {registry}) => {
	const {items, next} = await takePage(registry.listTags(repo, {after: page.last}), page.n);
	const {path} = formatRequest({kind: 'tags.list', repo, page: {}});
	return jsonReply(200, {name: repo, tags: items}, next && {Link: formatLink(path, {n: String(items.length), last: next})});
};

export const listCatalog: Handle<'catalog.list'> = async ({page}, {registry}) => {
	const after = page.last === undefined ? undefined : parseRepositoryName(page.last);
	const {items, next} = await takePage(registry.listRepositories({after}), page.n);
	const {path} = formatRequest({kind: 'catalog.list', page: {}});
	return jsonReply(200, {repositories: items}, next && {Link: formatLink(path, {n: String(items.length), last: next})});
};

export const listReferrers: Handle<'referrers.list'> = async ({repo, digest, artifactType, page}, {registry}) => {
	const after = page.last === undefined ? undefined : parseDigest(page.last);
	const all = registry.listReferrers(repo, digest, {after});
	const {items, next} = await takePage(
		artifactType === undefined ? all : ofType(all, artifactType),
		page.n,
		descriptor => JSON.stringify(descriptor).length,
	);
	const {path} = formatRequest({kind: 'referrers.list', repo, digest, page: {}});
	const query = {n: String(items.length), ...(artifactType !== undefined && {artifactType})};
	return jsonReply(
		200,
		{schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests: items},
		{
			'Content-Type': mediaTypes.ociIndex,
			...(next && {Link: formatLink(path, {...query, last: next.digest})}),
			...(artifactType !== undefined && {'OCI-Filters-Applied': 'artifactType'}),
		},
	);
};

// What a client gets that names no number: all of most repositories, and never an answer that outgrows memory.
const maxPageItems = 1000;
// Annotations are as long as a manifest may be. Clients expect an index of referrers to fit where a manifest does.
const maxPageCharacters = 4 * 1024 * 1024;

/** Up to `n` items, and no more than fit; `next` is the last of them when there are more, undefined at the end. */
const takePage = async <T>(
	all: AsyncIterable<T>,
	n = maxPageItems,
	lengthOf: (item: T) => number = () => 0,
): Promise<{items: T[]; next?: T}> => {
	const limit = Math.min(n, maxPageItems);
	const items: T[] = [];
	let length = 0;
	for await (const item of all) {
		length += lengthOf(item);
		if (items.length === limit || (items.length > 0 && length > maxPageCharacters)) return {items, next: items.at(-1)};
		items.push(item);
	}
	return {items};
};

async function* ofType(descriptors: AsyncIterable<Descriptor>, artifactType: string) {
	for await (const descriptor of descriptors) if (descriptor.artifactType === artifactType) yield descriptor;
}
