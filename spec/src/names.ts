/** Repository names, tags and references, as the distribution-spec's "Pulling manifests" defines them. */
import {z} from 'zod';
import {type Digest, parseDigest} from './digests.ts';
import {OciError} from './errors.ts';
import {excerpt} from './excerpts.ts';

/** "Many clients impose a limit of 255 characters"; a component must also fit a file name with room for our suffixes. Names are ASCII: characters are bytes. */
export const nameLimits = {repositoryLength: 255, componentLength: 128, tagLength: 128} as const;

// The spec's own expressions. Each separator is followed by [a-z0-9], which it cannot contain, so a match never tries a text twice over.
const repositoryPattern = /^[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*(?:\/[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*)*$/;
const longComponent = /[^/]{129}/;
const tagPattern = /^[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}$/;

export const repositoryNameSchema = z
	.string()
	.max(nameLimits.repositoryLength, {abort: true})
	.regex(repositoryPattern, 'must be lower-case components, joined by slashes')
	.refine(text => !longComponent.test(text), `a component has at most ${nameLimits.componentLength} characters`)
	.brand<'RepositoryName'>();
export const tagSchema = z.string().regex(tagPattern, 'must be 1 to 128 of A-Z a-z 0-9 _ . -, and not start with . or -').brand<'Tag'>();

export type RepositoryName = z.infer<typeof repositoryNameSchema>;
export type Tag = z.infer<typeof tagSchema>;
/** "`<tag-or-digest>` MUST be either (a) the digest of the manifest or (b) a tag." */
export type Reference = Tag | Digest;

/** Text to a repository name. Throws NAME_INVALID. */
export const parseRepositoryName = (text: unknown): RepositoryName => {
	if (typeof text === 'string' && isRepositoryName(text)) return text;
	throw new OciError('NAME_INVALID', {
		name: shown(text),
		expected: 'lower-case components joined by slashes, at most 255 characters, 128 a component',
	});
};

/** Text to a tag. Throws TAG_INVALID. */
export const parseTag = (text: unknown): Tag => {
	if (typeof text === 'string' && isTagText(text)) return text;
	throw new OciError(
		'TAG_INVALID',
		{tag: shown(text), expected: 'at most 128 of A-Z a-z 0-9 _ . -, not starting with . or -'},
		{message: 'invalid tag'},
	);
};

/** Text to a tag or, when it has a colon (no tag has), a digest. Throws TAG_INVALID or DIGEST_INVALID. */
export const parseReference = (text: unknown): Reference =>
	typeof text === 'string' && text.includes(':') ? parseDigest(text) : parseTag(text);

/** True for a name that `parseRepositoryName` takes. */
export const isRepositoryName = (text: string): text is RepositoryName =>
	text.length <= nameLimits.repositoryLength && repositoryPattern.test(text) && !longComponent.test(text);

/** True for a text that `parseTag` takes. */
export const isTagText = (text: string): text is Tag => text.length <= nameLimits.tagLength && tagPattern.test(text);

/** Which of the two a reference is. */
export const isTag = (reference: Reference): reference is Tag => !reference.includes(':');

const shown = (text: unknown): string => (typeof text === 'string' ? excerpt(text) : typeof text);
