/** PutImage: images, indexes of images that are there, and tags that do not move where they must not. */
import type {IncomingMessage} from 'node:http';
import {buffer} from 'node:stream/consumers';
import {isManifestMediaType, isTag, type Manifest, mediaTypes, parseManifest, type RequestOf} from 'oci-spec-types';
import {type EcrAnswer, EcrRefusal, refuse} from './answers.ts';
import type {EcrState} from './state.ts';

export const putManifest = async (
	state: EcrState,
	{repo, reference}: RequestOf<'manifest.put'>,
	message: IncomingMessage,
): Promise<EcrAnswer> => {
	const {inner, double} = state;
	const bytes = await buffer(message);
	const mediaType = message.headers['content-type'] ?? '';
	await assertImages(state, repo, parseManifest(bytes, mediaType));
	if (isTag(reference) && double.repositories.get(repo)?.isImmutable) await assertNewTag(state, repo, reference);
	const answer = await inner.ask('PUT', `/v2/${repo}/manifests/${reference}`, {body: bytes, headers: {'content-type': mediaType}});
	const text = await answer.body.text();
	if (answer.status >= 300) throw new EcrRefusal({status: answer.status, headers: {'content-type': 'application/json'}, body: text});
	const {'docker-content-digest': digest = '', 'oci-subject': subject} = answer.headers;
	const location = `${state.url}/v2/${repo}/manifests/${reference}`;
	return {status: 201, headers: {location, 'docker-content-digest': digest, ...(subject && {'oci-subject': subject})}};
};

/**
 * An index is one of images. BuildKit's older cache, whose children are layers, is refused with 400 (aws/containers-roadmap#876; moby/buildkit#1143,
 * #2251), and so is an index of images that are not there (ECR API reference, PutImage: ReferencedImagesNotFoundException). The words are ours.
 */
const assertImages = async ({inner}: EcrState, repo: string, manifest: Manifest): Promise<void> => {
	if (manifest.kind !== 'index') return;
	for (const child of manifest.manifests) {
		if (!isManifestMediaType(child.mediaType))
			throw refuse(400, 'MANIFEST_INVALID', `Invalid manifest: ${child.mediaType} in an image index`);
		const {status, body} = await inner.ask('HEAD', `/v2/${repo}/manifests/${child.digest}`, {headers: {accept: child.mediaType}});
		await body.dump();
		if (status !== 200)
			throw refuse(
				400,
				'MANIFEST_BLOB_UNKNOWN',
				`Images with digests '${child.digest}' required for pushing image into repository do not exist`,
			);
	}
};

// CNCF Distribution finds an OCI manifest only for those who name its type.
const everyType = [mediaTypes.ociManifest, mediaTypes.ociIndex, mediaTypes.dockerManifest, mediaTypes.dockerManifestList].join(', ');

/** aws/containers-roadmap#878, moby/buildkit#3776; also where the digest is the one that the tag has (aws/containers-roadmap#2179, #2380). */
const assertNewTag = async ({inner}: EcrState, repo: string, tag: string): Promise<void> => {
	const {status, body} = await inner.ask('HEAD', `/v2/${repo}/manifests/${tag}`, {headers: {accept: everyType}});
	await body.dump();
	if (status !== 200) return;
	throw refuse(
		400,
		'TAG_INVALID',
		`The image tag '${tag}' already exists in the '${repo}' repository and cannot be overwritten because the repository is immutable.`,
	);
};
