/** Uploads over HTTP. A Location says how many bytes the upload has, so that the PUT of a whole blob need not ask the store. */
import {type Digest, formatRequest, formatUploadRange, parseContentRange, type RepositoryName, type UploadId} from 'oci-spec-types';
import type {Chunk} from '../registry/registry.ts';
import type {Handle, HandlerContext} from './endpoints.ts';
import type {Reply} from './reply.ts';
import {redirectOf, redirectUpload} from './uploadRedirects.ts';

export const startUpload: Handle<'upload.start'> = async ({repo}, {registry}) =>
	uploadReply(202, repo, await registry.startUpload(repo), 0);

export const mountBlob: Handle<'upload.mount'> = async ({repo, digest, from}, {registry}) => {
	if (await registry.mountBlob(repo, digest, from)) return created(repo, digest);
	return uploadReply(202, repo, await registry.startUpload(repo), 0);
};

export const uploadWhole: Handle<'upload.whole'> = async ({repo, digest}, context) => {
	const {registry} = context;
	await registry.finishUpload(repo, await registry.startUpload(repo), digest, chunkOf(context, {first: true}));
	return created(repo, digest);
};

export const appendUpload: Handle<'upload.append'> = async ({repo, upload, size}, context) => {
	const {registry, headers} = context;
	// Docker's daemon sends no Content-Range on its only PATCH, so absence means "append".
	const range = parseContentRange(headers['content-range']);
	const has = await registry.appendUpload(repo, upload, chunkOf(context, {range, first: size === 0}));
	return uploadReply(202, repo, upload, has);
};

export const finishUpload: Handle<'upload.finish'> = async ({repo, upload, digest, size}, context) => {
	const {registry, headers} = context;
	const range = parseContentRange(headers['content-range']);
	const redirect = await redirectOf({repo, upload, digest, isWhole: size === 0 && !range}, context);
	context.noteUpload(redirect instanceof URL ? 'redirected' : redirect);
	if (redirect instanceof URL) return redirectUpload(redirect);
	await registry.finishUpload(repo, upload, digest, chunkOf(context, {range, first: size === 0}));
	return created(repo, digest);
};

export const uploadStatus: Handle<'upload.status'> = async ({repo, upload}, {registry}) =>
	uploadReply(204, repo, upload, await registry.uploadSize(repo, upload));

export const cancelUpload: Handle<'upload.cancel'> = async ({repo, upload}, {registry}) => {
	await registry.cancelUpload(repo, upload);
	return {status: 204};
};

/** What a request brings. Nobody but the registry reads it. */
const chunkOf = ({body, bodySize, tenant}: HandlerContext, how: Pick<Chunk, 'range' | 'first'>): Chunk => ({
	...how,
	body,
	size: bodySize,
	sender: tenant,
	isGiven: true,
});

const uploadReply = (status: number, repo: RepositoryName, upload: UploadId, size: number): Reply => ({
	status,
	headers: {
		Location: formatRequest({kind: 'upload.append', repo, upload, size}).path,
		Range: formatUploadRange(size),
		'Docker-Upload-UUID': upload,
	},
});

const created = (repo: RepositoryName, digest: Digest): Reply => ({
	status: 201,
	headers: {Location: formatRequest({kind: 'blob.get', repo, digest}).path, 'Docker-Content-Digest': digest},
});
