import test from 'ava';
import {PolicyInvalid, parsePolicy} from '../../src/config/policy.ts';
import {refsOf} from '../../src/config/s3Caches.ts';

const problems = (text: string): string[] => {
	try {
		parsePolicy(text, 'policy.yaml');
		return [];
	} catch (error) {
		if (!(error instanceof PolicyInvalid)) throw error;
		return error.problems.map(({line, message}) => `${line}: ${message}`);
	}
};

test("an entry needs a repository, a bucket and names; the rest is BuildKit's default", t => {
	const [cache] = parsePolicy('s3Caches: [{repository: ci/old, bucket: caches, names: [main]}]', 'policy.yaml').s3Caches;
	t.like(cache, {prefix: '', blobsPrefix: 'blobs/', manifestsPrefix: 'manifests/', touch: false});
	t.deepEqual(problems('s3Caches: [{names: []}]'), [
		'1: s3Caches[0].repository is missing',
		'1: s3Caches[0].bucket is missing',
		'1: s3Caches[0].names must have a name',
	]);
});

test('the last part of a name is the tag, and what stands before it goes to the repository', t => {
	const [cache] = parsePolicy('s3Caches: [{repository: ci/old, bucket: b, names: [main, team/java-app, a/b/C_1.x]}]', 'p').s3Caches;
	t.deepEqual(cache && refsOf(cache).map(({repository, tag}) => `${repository}:${tag}`), [
		'ci/old:main',
		'ci/old/team:java-app',
		'ci/old/a/b:C_1.x',
	]);
});

test('names that make no ref, and two that make one, are problems with their places', t => {
	t.deepEqual(
		problems(`
s3Caches:
  - repository: ci/old
    bucket: b
    names:
      - Team/app
      - main
  - repository: ci/old
    bucket: c
    names: [main, .hidden]
`).map(problem => problem.replace(/:.*?names\[/, ': names[')),
		[
			'6: names[0] makes no ref below ci/old: what follows the last slash becomes a tag, what stands before it a part of the repository',
			'10: names[0] is read as ci/old:main, as another main is: give one of them another repository',
			'10: names[1] makes no ref below ci/old: what follows the last slash becomes a tag, what stands before it a part of the repository',
		],
	);
	t.deepEqual(problems('s3Caches: [{repository: ci, bucket: b, names: [a], blobPrefix: x}]'), [
		'1: s3Caches[0].blobPrefix is no name that is known; did you mean blobsPrefix?',
	]);
});
