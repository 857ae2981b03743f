/** Manifests of an upstream: byte-exact and no other than was asked for; and the tags that lead to them. */
import {
	type Digest,
	digestAlgorithm,
	digestOf,
	isDigest,
	isTag,
	mediaTypes,
	OciError,
	parseManifest,
	parseMediaType,
	type Reference,
	type RepositoryName,
	subjectOf,
	type Tag,
} from 'oci-spec-types';
import type {Asker, PushedManifest, Registry, StoredManifest, TagFacts} from '../registry/registry.ts';
import {nonsense} from './refusals.ts';
import type {RemoteAnswer, RemoteClient} from './remoteClient.ts';
import {deletes, pulls, pushes} from './remoteScopes.ts';
import {type Quirks, UpstreamFailure} from './upstream.ts';

type ManifestMethods = Pick<Registry, 'getManifest' | 'putManifest' | 'deleteManifest' | 'deleteTag' | 'readTag'>;

/** `paced` resolves when one more manifest may be put. */
export type RemoteManifestsOptions = {quirks: Quirks; paced: (manifests: number) => Promise<void>};

export const createRemoteManifests = (client: RemoteClient, {quirks, paced}: RemoteManifestsOptions): ManifestMethods => {
	const {host} = client;
	const about = (repo: RepositoryName, reference: Reference) =>
		({repo, target: `/v2/${repo}/manifests/${reference}`, absent: 'MANIFEST_UNKNOWN'}) as const;

	const read = async (repo: RepositoryName, reference: Reference, asker: Asker): Promise<StoredManifest> => {
		const headers = {accept: accepted[asker]};
		const request = {
			...about(repo, reference),
			operation: 'getManifest',
			method: 'GET',
			scope: pulls(repo),
			headers,
			expected: [200],
		} as const;
		const answer = await client.read(request, mostManifestBytes);
		const {bytes} = answer;
		const told = isTag(reference) ? toldDigest(answer) : reference;
		const digest = digestOf(bytes, told && digestAlgorithm(told));
		if (told && told !== digest) throw nonsense({host, operation: 'getManifest'}, `answers ${digest} for ${told}`);
		const mediaType = parseMediaType(answer.headers['content-type']);
		if (!mediaType) throw nonsense({host, operation: 'getManifest'}, `does not say what type of manifest ${digest} is`);
		return {digest, mediaType, bytes};
	};

	const put = async (repo: RepositoryName, reference: Reference, {bytes, mediaType}: Required<PushedManifest>): Promise<RemoteAnswer> => {
		const {target} = about(repo, reference);
		const headers = {'content-type': mediaType};
		const request = {
			operation: 'putManifest',
			method: 'PUT',
			target,
			repo,
			scope: pushes(repo),
			headers,
			body: bytes,
			expected: [200, 201],
		} as const;
		// Each attempt counts with whoever limits them.
		const send = () =>
			client.repeat(async () => {
				await paced(1);
				return client.once(request);
			});
		try {
			return await send();
		} catch (error) {
			const isMissing = error instanceof UpstreamFailure && error.code === 'NAME_UNKNOWN';
			if (!isMissing || !(await quirks.missingRepository?.(repo))) throw error;
			return send();
		}
	};

	const readTag = async (repo: RepositoryName, tag: Tag): Promise<readonly TagFacts[]> => {
		const headers = {accept: accepted.reader};
		const request = {
			...about(repo, tag),
			operation: 'statManifest',
			method: 'HEAD',
			scope: pulls(repo),
			headers,
			expected: [200],
		} as const;
		try {
			const digest = toldDigest(await client.send(request)) ?? (await read(repo, tag, 'reader')).digest;
			return [{tag, digest, pushedAt: unknownTime}];
		} catch (error) {
			if (error instanceof OciError && error.code === 'MANIFEST_UNKNOWN') return [];
			throw error;
		}
	};

	/** A tag that does not move is no obstacle where it leads to this manifest already: a push that was repeated. */
	const point = async (repo: RepositoryName, tag: Tag, digest: Digest, manifest: Required<PushedManifest>): Promise<string[]> => {
		try {
			return parseWarnings((await put(repo, tag, manifest)).headers.warning);
		} catch (error) {
			if (!(error instanceof UpstreamFailure) || error.code !== 'TAG_INVALID') throw error;
			// Where that cannot be told, the refusal stands.
			const [current] = await readTag(repo, tag).catch(() => []);
			if (current?.digest !== digest) throw error;
			return [];
		}
	};

	const remove = async (repo: RepositoryName, reference: Reference): Promise<void> => {
		const request = {...about(repo, reference), operation: 'deleteManifest', method: 'DELETE', scope: deletes(repo)} as const;
		await client.send({...request, expected: [200, 202, 204]});
	};

	return {
		getManifest: (repo, reference, asker = 'reader') => read(repo, reference, asker),

		async putManifest(repo, {bytes, mediaType}, {digest: asked, tags}) {
			const digest = digestOf(bytes, asked && digestAlgorithm(asked));
			if (asked && asked !== digest) throw new OciError('DIGEST_INVALID', {expected: asked, actual: digest});
			const manifest = parseManifest(bytes, mediaType);
			const subject = subjectOf(manifest)?.digest;
			const warnings: string[] = [];
			// By its digest first, so that no tag ever leads to what was refused under the digest that was asked for.
			const pushed = {bytes, mediaType: mediaType ?? manifest.mediaType};
			if (asked || tags.length === 0) warnings.push(...parseWarnings((await put(repo, digest, pushed)).headers.warning));
			for (const tag of tags) warnings.push(...(await point(repo, tag, digest, pushed)));
			return {digest, manifest, ...(subject && {subject}), missing: [], ...(warnings.length > 0 && {warnings: [...new Set(warnings)]})};
		},

		deleteManifest: remove,
		deleteTag: remove,

		readTag,
	};
};

const everyType = [mediaTypes.ociManifest, mediaTypes.ociIndex, mediaTypes.dockerManifest, mediaTypes.dockerManifestList];
// Another layercache takes whoever names every type for an importer, and whoever names the oldest besides for a reader of what was pushed.
const asPushed = [...everyType, mediaTypes.dockerManifestSchema1Signed, '*/*'].join(', ');
const accepted: Readonly<Record<Asker, string>> = {importer: [...everyType, '*/*'].join(', '), reader: asPushed, pusher: asPushed};

const toldDigest = ({headers}: Pick<RemoteAnswer, 'headers'>): Digest | undefined => {
	const text = headers['docker-content-digest'] ?? '';
	return isDigest(text) ? text : undefined;
};

/** Distribution-spec, "Warnings": `299 - "<text>"`, several joined by commas. */
const parseWarnings = (header = ''): string[] =>
	[...header.slice(0, longestWarnings).matchAll(/299 - "((?:[^"\\]|\\.)*)"/g)].map(([, text = '']) => text.replace(/\\(.)/g, '$1'));

const longestWarnings = 4096;

// No registry takes more than 8 MiB.
const mostManifestBytes = 8 * 1024 * 1024;

/** Registries do not tell when a tag was pushed. */
const unknownTime = new Date(0);
