/** Tags as the registry knows them: what was pushed, to which, when. */
import type {RegistryUnderTest} from '../registry.ts';
import {declaring, pushImage, tagged} from './support.ts';

export const tagContract = (under: RegistryUnderTest): void => {
	const test = declaring(under);

	test('a tag that nobody pushed to has nothing', async (t, {registry, repo}) => {
		t.deepEqual(await registry.readTag(repo, tagged('none')), []);
		await pushImage(registry, repo, 'another', [tagged('some')]);
		t.deepEqual(await registry.readTag(repo, tagged('none')), []);
	});

	test('what was pushed to a tag last is told, each time anew', async (t, {registry, repo}) => {
		const tag = tagged('main');
		for (const word of ['first', 'second', 'first']) {
			const {digest} = await pushImage(registry, repo, word, [tag]);
			t.like(await registry.readTag(repo, tag), [{tag, digest}]);
			t.is((await registry.readTag(repo, tag)).length, 1);
		}
	});

	test(
		'when it was pushed is told',
		async (t, {registry, repo}) => {
			await pushImage(registry, repo, 'dated', [tagged('dated')]);
			const [facts] = await registry.readTag(repo, tagged('dated'));
			// The store's clock may be in whole seconds.
			t.true(facts && Math.abs(facts.pushedAt.getTime() - Date.now()) < 20_000);
		},
		'times of pushes',
	);

	test('tags are found by how they begin and by what they match', async (t, {registry, repo}) => {
		const {digest} = await pushImage(registry, repo, 'found', ['pr-1', 'pr-2', 'pr-x', 'main', 'pr'].map(tagged));
		const find = async (prefix: string, matches: (tag: string) => boolean, limit = 10) =>
			(await registry.findTags(repo, {prefix, matches, limit})).map(facts => {
				t.is(facts.digest, digest);
				return facts.tag as string;
			});
		t.deepEqual((await find('pr-', () => true)).sort(), ['pr-1', 'pr-2', 'pr-x']);
		t.deepEqual((await find('pr-', tag => /\d$/.test(tag))).sort(), ['pr-1', 'pr-2']);
		t.deepEqual((await find('', () => true)).sort(), ['main', 'pr', 'pr-1', 'pr-2', 'pr-x']);
		t.deepEqual(await find('nothing', () => true), []);
		t.is((await find('pr-', () => true, 2)).length, 2);
	});

	test('no tags are found in a repository that is not there', async (t, {registry, repo}) => {
		t.deepEqual(await registry.findTags(repo, {prefix: '', matches: () => true, limit: 10}), []);
	});

	test(
		'the newest tags are found first',
		async (t, {registry, repo}) => {
			for (const word of ['b', 'c', 'a']) await pushImage(registry, repo, word, [tagged(word)]);
			const found = await registry.findTags(repo, {prefix: '', matches: () => true, limit: 10});
			const times = found.map(({pushedAt}) => pushedAt.getTime());
			t.deepEqual(
				times,
				times.toSorted((a, b) => b - a),
			);
		},
		'times of pushes',
	);
};
