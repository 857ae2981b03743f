/** Keys are any text: none is another, however alike they look to a file system or a URL. */
import test from 'ava';
import {collect} from '../../support/bytes.ts';
import type {Incapability, StoreUnderTest} from '../objectStore.ts';

export const keyContract = ({createStore, cannot = []}: StoreUnderTest): void => {
	for (const [title, keys, needs] of families) {
		const run = needs && cannot.includes(needs) ? test.skip : test;
		run(`${title} are different keys`, async t => {
			const store = await createStore(t);
			await Promise.all(keys.map(key => store.write(key, Buffer.from(`bytes of ${key}`))));
			for (const key of keys) {
				const object = await store.read(key);
				t.is(object && (await collect(object.body)).toString(), `bytes of ${key}`);
			}
			const [first, ...others] = keys;
			await store.remove([first as string]);
			t.is(await store.stat(first as string), undefined);
			for (const key of others) t.is((await store.stat(key))?.key, key);
			const listed = await Array.fromAsync(store.list(''), entry => ('key' in entry ? entry.key : ''));
			t.deepEqual(listed.toSorted(), others.toSorted());
			await store.remove(others);
			t.deepEqual(await Array.fromAsync(store.list('')), []);
		});
	}
};

const families: readonly (readonly [title: string, keys: readonly string[], needs?: Incapability])[] = [
	['a key and those below it', [`A`.repeat(127), `${'A'.repeat(127)}/b`, 'a', 'a/b', 'a/b/c', 'a/b/c/d', 'a-b', 'ab'], 'keys below keys'],
	['capitals and small letters', ['tags/main', 'tags/Main', 'tags/MAIN', 'tags/maiN', 'Tags/main']],
	['letters with accents, composed and decomposed', ['é', 'e\u0301', 'e', 'E\u0301', 'É']],
	[
		'signs that URLs, XML and file systems treat specially',
		[
			'a b',
			'a+b',
			'a%20b',
			'a%2fb',
			'a%',
			'a&b',
			'a?b=c',
			'a#b',
			'a<b>',
			'a"b',
			"a'b",
			'a:b',
			'a*b',
			'a\\b',
			'a~b',
			'a@bytes',
			'a@typed',
			'a;b',
			'a,b',
			'a=b',
			'a|b',
			'🎉',
			'日本',
		],
	],
	['hidden names and dots', ['x/.hidden', 'x/...', 'x/a.', 'x/a..b', 'x/a']],
	['dots alone and empty parts', ['x/.', 'x/..', 'x/./y', 'x/../y', 'x//y', 'x/y', 'x///y', 'x/', '/x'], 'odd parts'],
	[
		'tags of 128 capitals',
		[
			'tags/'.concat('A'.repeat(128)),
			'tags/'.concat('A'.repeat(127)),
			'tags/'.concat('A'.repeat(127), 'B'),
			'tags/'.concat('a'.repeat(128)),
		],
	],
	[
		'very long parts',
		[
			'l'.repeat(129),
			'l'.repeat(130),
			'l'.repeat(131),
			'l'.repeat(260),
			'l'.repeat(500),
			`${'l'.repeat(129)}M`,
			`${'l'.repeat(130)}.`,
			`${'l'.repeat(301)}-/x`,
		],
		'long parts',
	],
];
