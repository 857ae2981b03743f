/** Pushes as BuildKit does (HEAD, POST, PUT of the whole; the manifest last), and reads back as a sceptic. */

import {sha256} from './registryClient.ts';
import type {RegistryServer} from './registryServer.ts';

export interface Push {
	readonly repository: string;
	readonly tag: string;
	readonly blobs: ReadonlyMap<string, Buffer>;
	readonly manifest: Buffer;
}

const manifestType = 'application/vnd.oci.image.manifest.v1+json';

export const createPush = (repository: string, tag: string, contents: readonly Buffer[]): Push => {
	const config = Buffer.from(JSON.stringify({tag}));
	const descriptors = contents.map(bytes => ({
		mediaType: 'application/vnd.oci.image.layer.v1.tar',
		digest: sha256(bytes),
		size: bytes.length,
	}));
	const manifest = {
		schemaVersion: 2,
		mediaType: manifestType,
		config: {mediaType: 'application/vnd.oci.image.config.v1+json', digest: sha256(config), size: config.length},
		layers: descriptors,
	};
	return {
		repository,
		tag,
		blobs: new Map([config, ...contents].map(bytes => [sha256(bytes), bytes])),
		manifest: Buffer.from(JSON.stringify(manifest)),
	};
};

/** Resolves when the registry has acknowledged all of it. */
export const push = async (registry: RegistryServer, {repository, tag, blobs, manifest}: Push): Promise<void> => {
	const base = `${registry.url}/v2/${repository}`;
	await Promise.all([...blobs].map(([digest, bytes]) => pushBlob(base, digest, bytes)));
	const answer = await send(`${base}/manifests/${tag}`, {method: 'PUT', body: manifest, headers: {'Content-Type': manifestType}});
	if (answer.status !== 201) throw new Error(`PUT manifest ${tag}: ${answer.status} ${await answer.text()}`);
};

const pushBlob = async (base: string, digest: string, bytes: Buffer) => {
	if ((await send(`${base}/blobs/${digest}`, {method: 'HEAD'})).status === 200) return;
	const started = await send(`${base}/blobs/uploads/`, {method: 'POST'});
	if (started.status !== 202) throw new Error(`POST upload: ${started.status}`);
	const location = new URL(started.headers.get('Location') ?? '', base);
	location.searchParams.set('digest', digest);
	const answer = await send(location.href, {method: 'PUT', body: bytes});
	if (answer.status !== 201) throw new Error(`PUT blob ${digest}: ${answer.status} ${await answer.text()}`);
};

export type Readable = 'whole' | 'absent' | 'corrupt';

export const readBlob = (registry: RegistryServer, repository: string, digest: string): Promise<Readable> =>
	readBytes(`${registry.url}/v2/${repository}/blobs/${digest}`, digest);

export const readManifest = (registry: RegistryServer, {repository, tag, manifest}: Push): Promise<Readable> =>
	readBytes(`${registry.url}/v2/${repository}/manifests/${tag}`, sha256(manifest));

/** A listing in itself is an answer, so anything but 200 and 404 is a failure of the server. */
const readBytes = async (url: string, digest: string): Promise<Readable> => {
	const answer = await send(url, {headers: {Accept: `${manifestType}, */*`}});
	const bytes = Buffer.from(await answer.arrayBuffer());
	if (answer.status === 404) return 'absent';
	if (answer.status !== 200) throw new Error(`GET ${url}: ${answer.status} ${bytes.toString().slice(0, 500)}`);
	return sha256(bytes) === digest ? 'whole' : 'corrupt';
};

const send = (url: string, init: RequestInit) => fetch(url, {...init, signal: AbortSignal.timeout(60_000)});
