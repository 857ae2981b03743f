/** Lists of tags and of repositories, in byte order. */
import {digestOf} from 'oci-spec-types';
import type {RegistryUnderTest} from '../registry.ts';
import {declaring, newRepository, pushImage, putBytes, tagged, throwsCode} from './support.ts';

export const listContract = (under: RegistryUnderTest): void => {
	const test = declaring(under);

	test('tags are listed in byte order', async (t, {registry, repo}) => {
		const tags = ['b', 'B', 'a.1', 'a', '_x', '10', '9', 'a-1', 'z'];
		await pushImage(registry, repo, 'listed', tags.map(tagged));
		t.deepEqual(await Array.fromAsync(registry.listTags(repo)), ['10', '9', 'B', '_x', 'a', 'a-1', 'a.1', 'b', 'z'].map(tagged));
	});

	test('tags are listed strictly after one, whether or not that is there', async (t, {registry, repo}) => {
		await pushImage(registry, repo, 'paged', ['a', 'c', 'e'].map(tagged));
		const after = async (text: string) => (await Array.fromAsync(registry.listTags(repo, {after: text}))) as string[];
		t.deepEqual(await after('a'), ['c', 'e']);
		t.deepEqual(await after('b'), ['c', 'e']);
		t.deepEqual(await after('e'), []);
		t.deepEqual(await after('f'), []);
	});

	test('whoever lists may stop', async (t, {registry, repo}) => {
		await pushImage(registry, repo, 'stopped', ['a', 'b', 'c'].map(tagged));
		for await (const tag of registry.listTags(repo)) {
			t.is(tag, tagged('a'));
			break;
		}
	});

	test(
		'tags of a repository that is not there are an error',
		async (t, {registry, repo}) => {
			await throwsCode(t, Array.fromAsync(registry.listTags(repo)), 'NAME_UNKNOWN');
		},
		'unknown repositories',
	);

	test(
		'repositories that hold a manifest are listed in the order of their names and a slash',
		async (t, {registry, repo}) => {
			const names = ['x', 'x-y', 'x/y', 'x1'].map(text => `${repo}/${text}` as typeof repo);
			for (const name of names) await pushImage(registry, name, 'held', [tagged('v1')]);
			const listed = async (after?: typeof repo) =>
				(await Array.fromAsync(registry.listRepositories(after && {after}))).filter(name => name.startsWith(`${repo}/`));
			const inOrder = ['x-y', 'x', 'x/y', 'x1'].map(text => `${repo}/${text}` as typeof repo);
			t.deepEqual(await listed(), inOrder);
			t.deepEqual(await listed(inOrder[1]), inOrder.slice(2));
			t.deepEqual(await listed(inOrder[3]), []);
		},
		'list of repositories',
	);

	test(
		'a repository that holds blobs alone is not listed',
		async (t, {registry}) => {
			const repo = newRepository();
			await putBytes(registry, repo, 'a blob alone');
			t.false((await Array.fromAsync(registry.listRepositories())).includes(repo));
			t.is((await registry.statBlobs(repo, [digestOf(Buffer.from('a blob alone'))])).size, 1);
		},
		'list of repositories',
	);
};
