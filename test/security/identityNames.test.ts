/** Audit, usage, limits and fair shares go by the name of an identity: no two are called the same, whatever an issuer lets them be called. */
import test from 'ava';
import fc from 'fast-check';
import {identityName} from '../../src/auth/identity.ts';

const texts = fc.oneof(
	fc.string({unit: fc.constantFrom(...'a:/%#2325\n\u001b\u009b\u00e9 "\\')}),
	fc.string({unit: fc.constantFrom(...'a%#'), minLength: 200, maxLength: 300}),
);

test('two subjects have two names, also where one imitates the name of the other', t => {
	t.notThrows(() =>
		fc.assert(
			fc.property(texts, texts, (one, other) => one === other || identityName('oidc:ci', one) !== identityName('oidc:ci', other)),
			{numRuns: 5000},
		),
	);
	const long = 'a'.repeat(300);
	const imitation = identityName('oidc:ci', long).slice('oidc:ci:'.length);
	t.not(identityName('oidc:ci', imitation), identityName('oidc:ci', long));
	t.not(identityName('oidc:ci', 'a b'), identityName('oidc:ci', 'a%20b'));
});

test('a name is printable ASCII of 256 characters at most, so that it is one word in a log and in a document', t => {
	t.notThrows(() =>
		fc.assert(fc.property(fc.string({unit: 'binary', maxLength: 400}), text => /^[\x21-\x7e]{1,256}$/.test(identityName('user', text)))),
	);
});
