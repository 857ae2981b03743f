/** Manifests over HTTP: always from here, byte-exact, never redirected. */
import {formatRequest, isTag, OciError, type RequestOf} from 'oci-spec-types';
import {readAtMost, TooLarge} from '../lib/bytes.ts';
import type {Derivation} from '../registry/registry.ts';
import {askerOf} from './asker.ts';
import {etagOf, isFresh} from './conditional.ts';
import type {Handle, HandlerContext} from './endpoints.ts';
import type {Reply} from './reply.ts';
import {tellTagRead} from './uses.ts';

/** Serves HEAD too: the reply's writer leaves the body out. */
export const getManifest = async (request: RequestOf<'manifest.get' | 'manifest.head'>, context: HandlerContext): Promise<Reply> => {
	const {registry, headers} = context;
	const {repo, reference} = request;
	const asker = askerOf(headers);
	const answer = registry.getManifest(repo, reference, asker);
	const {digest, mediaType, bytes, derivation} = await tellTagRead(request, asker, answer, context);
	const validators = {'Docker-Content-Digest': digest, ETag: etagOf(digest), ...(derivation && derivedHeaders(derivation))};
	if (isFresh(headers, digest)) return {status: 304, headers: validators};
	return {status: 200, headers: {...validators, 'Content-Type': mediaType}, body: bytes};
};

export const putManifest: Handle<'manifest.put'> = async ({repo, reference, tags}, context) => {
	const {registry, headers, body, bodySize, log} = context;
	const bytes = await readManifest(body, bodySize);
	const digest = isTag(reference) ? undefined : reference;
	const as = {digest, tags, onDiscarded: context.noteDiscarded};
	const accepted = await registry.putManifest(repo, {bytes, mediaType: headers['content-type']}, as);
	for (const tag of tags) context.usage.pushed({repo, tag, client: context.client, method: 'PUT'});
	const {missing, warnings = []} = accepted;
	for (const warning of warnings) log().warn({repo, reference, warning}, 'manifest accepted with a warning');
	if (missing.length > 0)
		log().warn(
			{repo, reference, missing: missing.slice(0, loggedMissing), count: missing.length},
			'cache accepted without some of its layers',
		);
	return {
		status: 201,
		headers: {
			Location: formatRequest({kind: 'manifest.get', repo, reference}).path,
			'Docker-Content-Digest': accepted.digest,
			...(accepted.subject && {'OCI-Subject': accepted.subject}),
			...(warnings.length > 0 && {Warning: warnings.map(formatWarning)}),
			...(digest && tags.length > 0 && {'OCI-Tag': tags}),
		},
	};
};

export const deleteManifest: Handle<'manifest.delete'> = async ({repo, digest}, {registry}) => {
	await registry.deleteManifest(repo, digest);
	return {status: 202};
};

export const deleteTag: Handle<'tag.delete'> = async ({repo, tag}, {registry}) => {
	await registry.deleteTag(repo, tag);
	return {status: 202};
};

/** That the answer is not what was pushed to the tag, and what it was made of. */
const derivedHeaders = ({ways, sources}: Derivation) => ({
	'Layercache-Derived': ways.join(', '),
	'Layercache-Derived-From': sources
		.slice(0, toldSources)
		.map(({tag, digest}) => `${tag}@${digest}`)
		.join(', '),
});

// Some 200 characters each, and clients take 8 KiB of headers.
const toldSources = 24;

/** Distribution-spec, "Warnings": code 299, no agent, and a quoted text. What a store says of a failure has other letters, too, and no header may. */
const formatWarning = (text: string) => `299 - "${text.replace(/[^ -~]+/g, ' ').replace(/["\\]/g, '\\$&')}"`;

// A cache of 4 MiB names thousands of layers.
const loggedMissing = 10;

/** Distribution-spec, "Pushing Manifests": 4 MB at least; larger ones 413. */
export const maxManifestBytes = 4 * 1024 * 1024;

const readManifest = async (body: HandlerContext['body'], bodySize: number | undefined): Promise<Uint8Array> => {
	if (bodySize !== undefined && bodySize > maxManifestBytes) throw tooLarge(bodySize);
	try {
		return await readAtMost(body, maxManifestBytes);
	} catch (error) {
		if (error instanceof TooLarge) throw tooLarge(bodySize);
		throw error;
	}
};

const tooLarge = (bytes: number | undefined) =>
	new OciError(
		'MANIFEST_INVALID',
		{bytes, limit: maxManifestBytes},
		{status: 413, message: `a manifest may have at most ${maxManifestBytes} bytes`},
	);
