/** `s3Caches` of the policy: buckets that BuildKit's `type=s3` has filled, and the refs by which their caches are read. */
import {isRepositoryName, isTagText, type RepositoryName, type Tag} from 'oci-spec-types';
import {z} from 'zod';
import {webUrl} from './settingValues.ts';

/** What was written with `bucket=…,prefix=…,blobs_prefix=…,manifests_prefix=…`, and under which names. */
export type S3Cache = z.output<typeof s3CacheSchema>;

/** A name in the bucket, and the ref that it is read by. */
export type S3CacheRef = {name: string; repository: RepositoryName; tag: Tag};

/** The last part of a name is the tag; the parts before it follow the repository's own name. */
export const refsOf = ({repository, names}: Pick<S3Cache, 'repository' | 'names'>): S3CacheRef[] =>
	names.map(name => refOf(repository, name) as S3CacheRef);

const refOf = (base: string, name: string): S3CacheRef | undefined => {
	const parts = name.split('/');
	const tag = parts.pop() ?? '';
	const repository = [base, ...parts].join('/');
	return isRepositoryName(repository) && isTagText(tag) ? {name, repository, tag} : undefined;
};

const text = z.string('must be a text; put it in quotes');
const name = text.min(1, 'must not be empty').max(1024, 'is longer than a key can be');

const s3CacheSchema = z.strictObject(
	{
		repository: text.refine(isRepositoryName, 'must be a repository name such as ci/old'),
		bucket: name,
		region: name.optional(),
		endpoint: webUrl.optional(),
		publicEndpoint: webUrl.optional(),
		forcePathStyle: z.boolean('must be true or false').optional(),
		// BuildKit's own defaults (cache/remotecache/s3/s3.go), and like it no slash is added anywhere.
		prefix: text.default(''),
		blobsPrefix: text.default('blobs/'),
		manifestsPrefix: text.default('manifests/'),
		names: z.array(name, 'must be a list of names').min(1, 'must have a name').max(1000, 'has more than 1000 names'),
		touch: z.boolean('must be true or false').default(false),
	},
	'must be a map with `repository`, `bucket` and `names`',
);

/** Names that make no ref, or one ref of two, are problems. */
export const s3CachesSchema = z
	.array(s3CacheSchema, 'must be a list of buckets')
	.max(100, 'has more than 100 entries')
	.check(({value, issues}) => {
		const taken = new Map<string, string>();
		for (const [index, {repository, names}] of value.entries()) {
			for (const [position, name] of names.entries()) {
				const message = problemOf(repository, name, taken);
				if (message) issues.push({code: 'custom', message, path: [index, 'names', position], input: name});
			}
		}
	});

const problemOf = (base: string, name: string, taken: Map<string, string>): string | undefined => {
	const ref = refOf(base, name);
	if (!ref) return `makes no ref below ${base}: what follows the last slash becomes a tag, what stands before it a part of the repository`;
	const key = `${ref.repository}:${ref.tag}`;
	const other = taken.get(key);
	taken.set(key, name);
	return other === undefined ? undefined : `is read as ${key}, as another ${other} is: give one of them another repository`;
};
