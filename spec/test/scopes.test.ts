/** scopes.ts against CNCF Distribution's "Token Scope Documentation" and the way BuildKit sends scopes. */
import test from 'ava';
import fc from 'fast-check';
import {formatScope, parseScopes, type Scope} from '../src/index.ts';

const repository = (name: string, ...actions: string[]): Scope => ({type: 'repository', name, actions});

const cases: readonly (readonly [title: string, texts: string[], scopes: Scope[]])[] = [
	['a pull', ['repository:samalba/my-app:pull'], [repository('samalba/my-app', 'pull')]],
	['a push', ['repository:team/app:pull,push'], [repository('team/app', 'pull', 'push')]],
	['the catalog', ['registry:catalog:*'], [{type: 'registry', name: 'catalog', actions: ['*']}]],
	['a class', ['repository(plugin):a/b:pull'], [{type: 'repository(plugin)', name: 'a/b', actions: ['pull']}]],
	['a name with host and port', ['repository:example.com:5000/a:pull'], [repository('example.com:5000/a', 'pull')]],
	[
		'repeated, as BuildKit sends on GET',
		['repository:a:pull,push', 'repository:b:pull'],
		[repository('a', 'pull', 'push'), repository('b', 'pull')],
	],
	[
		'joined by spaces, as BuildKit sends on POST',
		['repository:a:pull repository:b:push'],
		[repository('a', 'pull'), repository('b', 'push')],
	],
	['equal resources', ['repository:a:pull', 'repository:a:push,pull'], [repository('a', 'pull', 'push')]],
	['unknown types', ['artifact:x:read'], [{type: 'artifact', name: 'x', actions: ['read']}]],
	['no actions', ['repository:a:'], [repository('a')]],
	['nothing', [], []],
	[
		'malformed ones among good ones',
		['', ' ', 'repository', 'repository:a', 'repository::pull', ':a:pull', 'Repo:a:pull', 'repository:b:pull'],
		[repository('b', 'pull')],
	],
	['malformed actions among good ones', ['repository:a:pull,,PUSH,de-lete'], [repository('a', 'pull')]],
];
for (const [title, texts, scopes] of cases) test(title, t => t.deepEqual(parseScopes(texts), scopes));

test('formatting is the inverse of parsing', t => {
	const action = fc.stringMatching(/^[a-z0-9*]{1,8}$/);
	const scope = fc.record({
		type: fc.stringMatching(/^[a-z0-9]{1,8}(\([a-z]{1,5}\))?$/),
		name: fc.stringMatching(/^[a-z0-9./:-]{1,20}$/),
		actions: fc.uniqueArray(action, {maxLength: 4}),
	});
	t.notThrows(() =>
		fc.assert(
			fc.property(fc.uniqueArray(scope, {selector: ({type, name}) => `${type}:${name}`}), scopes => {
				t.deepEqual(parseScopes(scopes.map(formatScope)), scopes);
				t.deepEqual(parseScopes([scopes.map(formatScope).join(' ')]), scopes);
			}),
		),
	);
});
