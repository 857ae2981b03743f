/** Gives a registry elsewhere what one of ours holds: what a manifest names goes before it, so that nothing there ever lacks a part. */
import {
	type Descriptor,
	type Digest,
	digestAlgorithm,
	type Manifest,
	type ManifestReference,
	OciError,
	parseManifest,
	type RepositoryName,
	references,
	type Tag,
} from 'oci-spec-types';
import {createFlights} from '../lib/flights.ts';
import {mapParallel} from '../lib/mapInOrder.ts';
import type {Registry, StoredManifest} from '../registry/registry.ts';
import {unlessAbsent} from '../registry/unlessUnknown.ts';
import {reopenable} from './reopenable.ts';
import type {Destination} from './routing.ts';

export type HandOver = {
	/**
	 * When it returns, `to` has the manifest with all that it names, and `tags` lead to it. What is there already is not sent again, so whatever breaks
	 * off is completed by being repeated. Throws MANIFEST_BLOB_UNKNOWN for what is in neither place; UpstreamFailure.
	 */
	give(repo: RepositoryName, manifest: GivenManifest, to: Destination, tags: readonly Tag[]): Promise<void>;
};

export type GivenManifest = Pick<StoredManifest, 'digest' | 'bytes' | 'mediaType'>;

export const createHandOver = (from: Registry): HandOver => {
	/** Two images with one base, handed over at once, send it once. */
	const sending = createFlights<true>();

	const send = async (repo: RepositoryName, {digest, size}: Descriptor, to: Destination): Promise<true> => {
		const body = reopenable(async () => (await from.readBlob(repo, digest)).body);
		try {
			await to.registry.putBlob(to.repository, digest, body, size);
			return true;
		} catch (error) {
			// Ours: an upload has no such answer.
			throw error instanceof OciError && error.code === 'BLOB_UNKNOWN' ? inNeither(digest) : error;
		}
	};

	const giveBlob = async (repo: RepositoryName, descriptor: Descriptor, to: Destination): Promise<void> => {
		const {digest} = descriptor;
		if (await to.registry.statBlob(to.repository, digest).catch(unlessAbsent)) return;
		const name = `${repo} ${to.upstream} ${to.repository}@${digest}`;
		await sending.ask(
			name,
			() => send(repo, descriptor, to),
			() => undefined,
		);
	};

	/** One that is not here may be there: whoever pushed was told so. */
	const giveChild = async (repo: RepositoryName, digest: Digest, to: Destination): Promise<void> => {
		const child = await from.getManifest(repo, digest).catch(unlessAbsent);
		if (child) return give(repo, child, to, []);
		if (!(await hasManifest(to, digest))) throw inNeither(digest);
	};

	const giveReference = async (repo: RepositoryName, {descriptor, as}: ManifestReference, to: Destination): Promise<void> => {
		const {digest} = descriptor;
		const isBlob = as === 'blob' || (as === 'either' && (await from.statBlobs(repo, [digest])).has(digest));
		return isBlob ? giveBlob(repo, descriptor, to) : giveChild(repo, digest, to);
	};

	const give: HandOver['give'] = async (repo, {digest, bytes, mediaType}, to, tags) => {
		await mapParallel(distinct(parseManifest(bytes, mediaType)), sentAtOnce, reference => giveReference(repo, reference, to));
		const {registry, repository} = to;
		// A registry whose tags never move refuses them also for the manifest that they have, and one that counts puts counts these too.
		const moved = await mapParallel(tags, sentAtOnce, async tag =>
			(await registry.readTag(repository, tag))[0]?.digest === digest ? [] : [tag],
		);
		const left = moved.flat();
		if (left.length === 0 && (tags.length > 0 || (await hasManifest(to, digest)))) return;
		const isTold = left.length > 0 && digestAlgorithm(digest) === 'sha256';
		await registry.putManifest(repository, {bytes, mediaType}, {...(!isTold && {digest}), tags: left});
	};

	return {give};
};

const hasManifest = async ({registry, repository}: Destination, digest: Digest): Promise<boolean> =>
	(await registry.getManifest(repository, digest).catch(unlessAbsent)) !== undefined;

// Each holds a part of a stream in memory; more of them would only share the same line.
const sentAtOnce = 6;

const distinct = (manifest: Manifest): readonly ManifestReference[] => [
	...new Map(references(manifest).map(reference => [reference.descriptor.digest, reference])).values(),
];

const inNeither = (digest: Digest) =>
	new OciError(
		'MANIFEST_BLOB_UNKNOWN',
		{missing: [{digest}]},
		{message: `neither this registry nor its upstream has ${digest}: push it again`},
	);
