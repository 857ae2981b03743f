/** A typed request to its method and URL: the inverse of parseRequest.ts. */
import {isTag, type RepositoryName} from './names.ts';
import type {Page} from './paging.ts';
import type {OciRequest} from './requests.ts';
import type {UploadId} from './uploadIds.ts';

/** The inverse of `parseRequest`; `path` includes the query. Good for `Location` headers and for clients. */
export const formatRequest = (request: OciRequest): {method: string; path: string} => {
	switch (request.kind) {
		case 'ping':
			return {method: 'GET', path: '/v2/'};
		case 'blob.head':
			return {method: 'HEAD', path: `/v2/${request.repo}/blobs/${request.digest}`};
		case 'blob.get':
			return {method: 'GET', path: `/v2/${request.repo}/blobs/${request.digest}`};
		case 'blob.delete':
			return {method: 'DELETE', path: `/v2/${request.repo}/blobs/${request.digest}`};
		case 'upload.start':
			return {method: 'POST', path: withQuery(`/v2/${request.repo}/blobs/uploads/`, [['digest-algorithm', request.algorithm]])};
		case 'upload.mount':
			return {
				method: 'POST',
				path: withQuery(`/v2/${request.repo}/blobs/uploads/`, [
					['mount', request.digest],
					['from', request.from],
				]),
			};
		case 'upload.whole':
			return {method: 'POST', path: withQuery(`/v2/${request.repo}/blobs/uploads/`, [['digest', request.digest]])};
		case 'upload.append':
			return {method: 'PATCH', path: withQuery(uploadPath(request), [['size', request.size]])};
		case 'upload.finish':
			return {
				method: 'PUT',
				path: withQuery(uploadPath(request), [
					['size', request.size],
					['digest', request.digest],
				]),
			};
		case 'upload.status':
			return {method: 'GET', path: uploadPath(request)};
		case 'upload.cancel':
			return {method: 'DELETE', path: uploadPath(request)};
		case 'manifest.head':
			return {method: 'HEAD', path: `/v2/${request.repo}/manifests/${request.reference}`};
		case 'manifest.get':
			return {method: 'GET', path: `/v2/${request.repo}/manifests/${request.reference}`};
		case 'manifest.put':
			return {
				method: 'PUT',
				path: withQuery(
					`/v2/${request.repo}/manifests/${request.reference}`,
					isTag(request.reference) ? [] : request.tags.map(tag => ['tag', tag]),
				),
			};
		case 'manifest.delete':
			return {method: 'DELETE', path: `/v2/${request.repo}/manifests/${request.digest}`};
		case 'tag.delete':
			return {method: 'DELETE', path: `/v2/${request.repo}/manifests/${request.tag}`};
		case 'tags.list':
			return {method: 'GET', path: withQuery(`/v2/${request.repo}/tags/list`, pageQuery(request.page))};
		case 'referrers.list':
			return {
				method: 'GET',
				path: withQuery(`/v2/${request.repo}/referrers/${request.digest}`, [
					['artifactType', request.artifactType],
					...pageQuery(request.page),
				]),
			};
		case 'catalog.list':
			return {method: 'GET', path: withQuery('/v2/_catalog', pageQuery(request.page))};
	}
};

const uploadPath = ({repo, upload}: {repo: RepositoryName; upload: UploadId}): string => `/v2/${repo}/blobs/uploads/${upload}`;

type QueryEntries = readonly (readonly [string, string | number | undefined])[];

const pageQuery = ({n, last}: Page): QueryEntries => [
	['n', n],
	['last', last],
];

const withQuery = (path: string, entries: QueryEntries): string => {
	const query = new URLSearchParams();
	for (const [key, value] of entries) if (value !== undefined) query.append(key, String(value));
	return query.size === 0 ? path : `${path}?${query}`;
};
