/** names.ts against the distribution-spec's "Pulling manifests". */
import test from 'ava';
import fc from 'fast-check';
import {
	emptyDigest,
	isRepositoryName,
	isTag,
	isTagText,
	parseReference,
	parseRepositoryName,
	parseTag,
	repositoryNameSchema,
	tagSchema,
} from '../src/index.ts';
import {refused} from './refused.ts';

// The spec's expressions, as they stand there.
const specName = /^[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*(\/[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*)*$/;
const specTag = /^[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}$/;

const goodNames = [
	'a',
	'0',
	'library/ubuntu',
	'a/b/c/d/e/f',
	'a.b_c__d-e--f---g',
	'blobs/uploads/manifests/tags/list',
	'v2/v2',
	`${'a'.repeat(128)}/${'b'.repeat(126)}`,
];
for (const name of goodNames) {
	test(`a name: ${name.slice(0, 50)} (${name.length})`, t => {
		t.is(String(parseRepositoryName(name)), name);
		t.true(repositoryNameSchema.safeParse(name).success);
	});
}

const badNames: readonly (readonly [why: string, name: string])[] = [
	['empty', ''],
	['upper case', 'Library/ubuntu'],
	['a leading slash', '/a'],
	['a trailing slash', 'a/'],
	['an empty component', 'a//b'],
	['a leading separator', '-a'],
	['a trailing separator', 'a-'],
	['two dots', 'a..b'],
	['three underscores', 'a___b'],
	['mixed separators', 'a._b'],
	['a component that starts with an underscore', 'a/_blobs'],
	['the catalog', '_catalog'],
	['traversal', '../../etc/passwd'],
	['traversal inside', 'a/../b'],
	['a dot', 'a/./b'],
	['a backslash', 'a\\b'],
	['a percent sign', 'a%2fb'],
	['a NUL', 'a\0b'],
	['a line feed', 'a\n'],
	['a letter beyond ASCII', 'ä'],
	['a digit beyond ASCII', '١'],
	['a tag', 'a:b'],
	['256 characters', `${'a'.repeat(127)}/${'b'.repeat(128)}`],
	['a component of 129 characters', `a/${'b'.repeat(129)}/c`],
];
for (const [why, name] of badNames) {
	test(`no name: ${why}`, t => {
		refused(t, () => parseRepositoryName(name), {code: 'NAME_INVALID', status: 400});
		t.false(repositoryNameSchema.safeParse(name).success);
	});
}

for (const tag of ['a', '_', 'latest', 'V1.2.3', '1', '__proto__', 'a..b', 'x--', 'a'.repeat(128)]) {
	test(`a tag: ${tag.slice(0, 20)}`, t => {
		t.is(String(parseTag(tag)), tag);
		t.true(tagSchema.safeParse(tag).success);
	});
}

const badTags: readonly (readonly [why: string, tag: string])[] = [
	['empty', ''],
	['a leading dot', '.hidden'],
	['a leading dash', '-a'],
	['a slash', 'a/b'],
	['a colon', 'a:b'],
	['traversal', '..'],
	['a blank', 'a b'],
	['a line feed', 'a\n'],
	['a letter beyond ASCII', 'é'],
	['129 characters', 'a'.repeat(129)],
];
for (const [why, tag] of badTags) {
	test(`no tag: ${why}`, t => {
		refused(t, () => parseTag(tag), {code: 'TAG_INVALID', status: 400});
		t.false(tagSchema.safeParse(tag).success);
	});
}

test('a reference with a colon is a digest, any other a tag', t => {
	t.false(isTag(parseReference(emptyDigest)));
	t.true(isTag(parseReference('latest')));
	refused(t, () => parseReference('sha256:baddigeststring'), {code: 'DIGEST_INVALID'});
	refused(t, () => parseReference('.INVALID_MANIFEST_NAME'), {code: 'TAG_INVALID'});
	refused(t, () => parseReference(undefined), {code: 'TAG_INVALID'});
});

test('names and tags are what the expressions of the spec match, within our limits', t => {
	const near = fc.string({unit: fc.constantFrom(...'abzAZ09._-/:_-.'), maxLength: 12});
	t.notThrows(() =>
		fc.assert(
			fc.property(
				fc.oneof(near, fc.string()),
				text => isRepositoryName(text) === specName.test(text) && isTagText(text) === specTag.test(text),
			),
			{numRuns: 2000},
		),
	);
});

test('whatever the spec lets a name be is taken', t => {
	t.notThrows(() => fc.assert(fc.property(fc.stringMatching(specName, {maxLength: 128}), name => parseRepositoryName(name) === name)));
	t.notThrows(() => fc.assert(fc.property(fc.stringMatching(specTag), tag => parseTag(tag) === tag)));
});
