/** What a claim says is put into a ref as it is: a job that chooses its names well chooses no ref of others. */
import test from 'ava';
import {parseRefTemplate} from '../../src/config/refTemplate.ts';

const refOf = (text: string, values: Record<string, string>) => {
	const filled = parseRefTemplate(text).fill(values);
	return 'unfit' in filled ? undefined : filled;
};

test('a dot in a claim is a dot, and stands for no other letter', t => {
	const filled = refOf('ci/{app}:pr-{pr}', {app: 'a.c', pr: '1.2'});
	t.true(filled?.matches('ci/a.c', 'pr-1.2'));
	t.false(filled?.matches('ci/abc', 'pr-1.2'));
	t.false(filled?.matches('ci/a.c', 'pr-102'));
	t.false(filled?.matchesRepository('ci/abc'));
});

test('a claim that spells a pattern makes no ref at all', t => {
	for (const value of ['*', '**', '.*', '{a,b}', '[ab]', '?', 'a|b', '^', '$', 'a/../b', '..', '', 'a b', 'a:b', 'a\nb', '\\d'])
		t.is(refOf('ci/{app}:main', {app: value}), undefined, value);
});
