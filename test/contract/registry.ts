/** The contract of every registry: each sentence of `src/registry/registry.ts` as tests. A registry's test file calls this with a way to make one. */
import type {ExecutionContext} from 'ava';
import type {Registry} from '../../src/registry/registry.ts';
import {blobReadingContract} from './registry/blobReading.ts';
import {blobContract} from './registry/blobs.ts';
import {listContract} from './registry/lists.ts';
import {manifestRefusalContract} from './registry/manifestRefusals.ts';
import {manifestContract} from './registry/manifests.ts';
import {referrerContract} from './registry/referrers.ts';
import {removingContract} from './registry/removing.ts';
import {tagContract} from './registry/tags.ts';
import {uploadContract} from './registry/uploads.ts';

export type RegistryUnderTest = {
	/** A registry, torn down with the test. It may have repositories of other tests in it: none uses those of another. */
	createRegistry(t: ExecutionContext): Promise<Registry>;
	/** What it, or the server behind it, does not do, and why: those tests are skipped. */
	cannot?: Lacks;
};

export type Lacks = Partial<Record<Incapability, string>>;

export type Incapability =
	/** Tell when a tag was pushed, and which of several last. */
	| 'times of pushes'
	/** Know which manifests have another one as their subject. */
	| 'referrers'
	/** Take a cache that lacks layers, and tell which. */
	| 'caches without layers'
	/** The same, without telling. */
	| 'missing layers told'
	/** Compare the sizes in a manifest with those of what it names. */
	| 'sizes in manifests'
	/** Manifests of types that nobody knows. */
	| 'manifests of any type'
	/** Indexes whose children are blobs. */
	| 'indexes of blobs'
	/** Digests other than sha256. */
	| 'sha512 manifests'
	| 'sha512 blobs'
	/** Take bytes whose length nobody has told. */
	| 'unknown lengths'
	/** Refuse a chunk that is longer or shorter than was said. */
	| 'lengths of chunks'
	/** Refuse a chunk that does not begin where the upload ends, and let the upload go on. */
	| 'places of chunks'
	/** Uploads in chunks. */
	| 'chunks'
	/** Call it a wrong digest where chunks are not the blob that they were to be. */
	| 'digests of chunks'
	/** Names of an upload that it has not given. */
	| 'uploads that ended long ago'
	/** Blobs and manifests that are deleted are gone. */
	| 'deleting blobs'
	| 'deleting manifests'
	| 'deleting tags'
	/** Tags that led to a manifest are gone with it. */
	| 'tags that go with their manifest'
	| 'mounts'
	/** A list of all repositories, in its order, without those that hold nothing. */
	| 'list of repositories'
	/** Say that there is no such repository. */
	| 'unknown repositories';

export const registryContract = (registry: RegistryUnderTest): void => {
	blobContract(registry);
	blobReadingContract(registry);
	uploadContract(registry);
	manifestContract(registry);
	manifestRefusalContract(registry);
	tagContract(registry);
	listContract(registry);
	referrerContract(registry);
	removingContract(registry);
};
