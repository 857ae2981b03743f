/** Arbitrary values of the types, for properties. */
import fc from 'fast-check';
import {createUploadId, digestOf, type OciRequest, parseRepositoryName, parseTag} from '../src/index.ts';

const component = fc.stringMatching(/^[a-z0-9]{1,8}(?:[._-][a-z0-9]{1,4})?$/);
const word = fc.constantFrom('blobs', 'uploads', 'manifests', 'tags', 'list', 'referrers', 'v2');

export const repositoryNames = fc
	.array(fc.oneof(component, word), {minLength: 1, maxLength: 6})
	.map(parts => parseRepositoryName(parts.join('/')));
export const tags = fc.oneof(fc.stringMatching(/^[a-zA-Z0-9_][a-zA-Z0-9._-]{0,20}$/), word).map(parseTag);
export const digests = fc
	.tuple(fc.uint8Array(), fc.constantFrom('sha256', 'sha512'))
	.map(([bytes, algorithm]) => digestOf(bytes, algorithm));
export const uploadIds = fc
	.tuple(fc.nat(), fc.uint8Array({minLength: 10, maxLength: 10}))
	.map(([now, random]) => createUploadId(now, random));

const repo = repositoryNames;
const digest = digests;
const upload = uploadIds;
const reference = fc.oneof(tags, digests);
const text = fc.string({unit: 'grapheme', minLength: 1}).map(raw => raw.toWellFormed());
const optionalKeys = <T, K extends keyof T>(arbitrary: {[key in keyof T]: fc.Arbitrary<T[key]>}, required: K[]) =>
	fc.record(arbitrary, {requiredKeys: required});
const page = optionalKeys({n: fc.maxSafeNat(), last: text}, []);
const kind = <const K extends OciRequest['kind']>(name: K) => fc.constant(name);

/** Any request of the API. */
export const requests: fc.Arbitrary<OciRequest> = fc.oneof(
	fc.record({kind: kind('ping')}),
	fc.record({kind: fc.constantFrom('blob.head', 'blob.get', 'blob.delete', 'manifest.delete', 'upload.whole'), repo, digest}),
	optionalKeys({kind: kind('upload.start'), repo, algorithm: fc.constantFrom('sha256', 'sha512')}, ['kind', 'repo']),
	optionalKeys({kind: kind('upload.mount'), repo, digest, from: repo}, ['kind', 'repo', 'digest']),
	optionalKeys({kind: kind('upload.append'), repo, upload, size: fc.maxSafeNat()}, ['kind', 'repo', 'upload']),
	optionalKeys({kind: kind('upload.finish'), repo, upload, digest, size: fc.maxSafeNat()}, ['kind', 'repo', 'upload', 'digest']),
	fc.record({kind: fc.constantFrom('upload.status', 'upload.cancel'), repo, upload}),
	fc.record({kind: fc.constantFrom('manifest.head', 'manifest.get'), repo, reference}),
	fc.record({kind: kind('manifest.put'), repo, reference: digests, tags: fc.uniqueArray(tags, {maxLength: 10})}),
	fc.record({repo, tag: tags}).map(({repo, tag}) => ({kind: 'manifest.put' as const, repo, reference: tag, tags: [tag]})),
	fc.record({kind: kind('tag.delete'), repo, tag: tags}),
	fc.record({kind: kind('tags.list'), repo, page}),
	optionalKeys({kind: kind('referrers.list'), repo, digest, artifactType: fc.constantFrom('application/a+json', 'a/b'), page}, [
		'kind',
		'repo',
		'digest',
		'page',
	]),
	fc.record({kind: kind('catalog.list'), page}),
);
