/** What requests tell of how the registry is used. */
import {isTag, OciError, type OciRequest, type RequestOf} from 'oci-spec-types';
import type {Asker, StoredManifest} from '../registry/registry.ts';
import type {TagUse} from '../usage/usage.ts';
import type {HandlerContext} from './endpoints.ts';

/** Tells of a read by tag, once it is answered; answers the same. What is read by its digest was found by a tag before. */
export const tellTagRead = async (
	{kind, repo, reference: tag}: RequestOf<'manifest.get' | 'manifest.head'>,
	asker: Asker,
	answer: Promise<StoredManifest>,
	{usage, client, mayPush}: HandlerContext,
): Promise<StoredManifest> => {
	if (!isTag(tag)) return answer;
	const use: TagUse = {repo, tag, client, method: kind === 'manifest.head' ? 'HEAD' : 'GET'};
	try {
		const stored = await answer;
		if (asker === 'importer') usage.imported(use, lendersOf(stored));
		// A push that finds what it was about to write ends with this.
		else if (asker === 'pusher' && use.method === 'HEAD' && mayPush(repo, tag)) usage.pushed(use);
		else usage.read(repo, tag);
		return stored;
	} catch (error) {
		if (asker === 'importer' && error instanceof OciError && error.status === 404) usage.missed(use);
		throw error;
	}
};

const lendersOf = ({derivation}: StoredManifest) =>
	derivation && {tags: derivation.sources.map(({tag}) => tag), isFallback: derivation.ways.includes('fallback')};

/** Tells of the bytes of an upload that came, `received`, or went to the store without us. */
export const tellUpload = (request: OciRequest, {usage, client, bodySize = 0}: HandlerContext, received: number | undefined): void => {
	if (request.kind !== 'upload.whole' && request.kind !== 'upload.append' && request.kind !== 'upload.finish') return;
	const {repo} = request;
	if (received === undefined) usage.uploaded(repo, {client, way: 'redirected', bytes: bodySize});
	else if (received > 0) usage.uploaded(repo, {client, way: 'streamed', bytes: received});
};
