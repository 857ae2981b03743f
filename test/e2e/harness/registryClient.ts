/** Plain requests to a registry, for a look at what a build left there. */
import {createHash} from 'node:crypto';
import type {RegistryServer} from './registryServer.ts';

export interface Descriptor {
	readonly mediaType: string;
	readonly digest: string;
	readonly size: number;
	readonly annotations?: Readonly<Record<string, string>>;
}

export interface ManifestDocument {
	readonly mediaType: string;
	readonly config?: Descriptor;
	readonly layers?: readonly Descriptor[];
	readonly manifests?: readonly Descriptor[];
}

export interface StoredManifest {
	readonly mediaType: string;
	readonly digest: string;
	readonly document: ManifestDocument;
}

const anyManifest = [
	'application/vnd.oci.image.manifest.v1+json',
	'application/vnd.oci.image.index.v1+json',
	'application/vnd.docker.distribution.manifest.v2+json',
	'application/vnd.docker.distribution.manifest.list.v2+json',
].join(', ');

export const getManifest = async (registry: RegistryServer, repository: string, reference: string): Promise<StoredManifest> => {
	const answer = await request(`${registry.url}/v2/${repository}/manifests/${reference}`, {headers: {Accept: anyManifest}});
	if (!answer.ok) throw new Error(`GET manifest ${repository}:${reference}: ${answer.status} ${await answer.text()}`);
	const bytes = Buffer.from(await answer.arrayBuffer());
	return {
		mediaType: answer.headers.get('Content-Type') ?? '',
		digest: sha256(bytes),
		document: JSON.parse(bytes.toString()),
	};
};

export const manifestStatus = async (registry: RegistryServer, repository: string, reference: string): Promise<number> => {
	const answer = await request(`${registry.url}/v2/${repository}/manifests/${reference}`, {method: 'HEAD', headers: {Accept: anyManifest}});
	return answer.status;
};

/** The first answer, a redirect not followed. */
export const getBlob = (registry: RegistryServer, repository: string, digest: string): Promise<Response> =>
	request(`${registry.url}/v2/${repository}/blobs/${digest}`, {redirect: 'manual'});

/** The layers, in whichever of BuildKit's two forms the cache was stored. */
export const cacheLayers = ({document}: StoredManifest): readonly Descriptor[] =>
	document.layers ?? (document.manifests ?? []).filter(child => child.mediaType !== cacheConfigType);

export const cacheConfigType = 'application/vnd.buildkit.cacheconfig.v0';

export const sha256 = (bytes: Uint8Array): string => `sha256:${createHash('sha256').update(bytes).digest('hex')}`;

const request = (url: string, init: RequestInit) => fetch(url, {...init, signal: AbortSignal.timeout(60_000)});
