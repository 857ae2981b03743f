import test from 'ava';
import {type Challenge, parseChallenges} from '../../src/upstream/challenges.ts';

const table: readonly (readonly [header: string, challenges: readonly Challenge[]])[] = [
	['Basic realm="registry"', [{scheme: 'basic'}]],
	['basic', [{scheme: 'basic'}]],
	// As AWS writes it.
	['Basic realm="https://123456789012.dkr.ecr.eu-central-1.amazonaws.com/",service="ecr.amazonaws.com"', [{scheme: 'basic'}]],
	[
		'Bearer realm="https://auth.example.com/token",service="registry.example.com",scope="repository:team/app:pull,push"',
		[
			{
				scheme: 'bearer',
				realm: 'https://auth.example.com/token',
				service: 'registry.example.com',
				scope: 'repository:team/app:pull,push',
			},
		],
	],
	['bearer REALM=https://a.example/t', [{scheme: 'bearer', realm: 'https://a.example/t'}]],
	['Bearer realm = "a" , service = "b"', [{scheme: 'bearer', realm: 'a', service: 'b'}]],
	['Bearer realm="with \\"quotes\\", and a comma"', [{scheme: 'bearer', realm: 'with "quotes", and a comma'}]],
	['Bearer realm="a",error="invalid_token",error_description="Basic realm=x"', [{scheme: 'bearer', realm: 'a'}]],
	['Basic realm="x", Bearer realm="y"', [{scheme: 'basic'}, {scheme: 'bearer', realm: 'y'}]],
	['Negotiate, Basic realm="x"', [{scheme: 'basic'}]],
	['Digest realm="x", nonce="y"', []],
	['Bearer service="no realm"', []],
	['Bearer', []],
	['realm="no scheme"', []],
	['', []],
	[',,,', []],
];

for (const [header, challenges] of table)
	test(`${header || 'nothing'} asks for ${challenges.map(({scheme}) => scheme).join(' or ') || 'nothing that we have'}`, t => {
		t.deepEqual(parseChallenges(header), challenges as Challenge[]);
	});

test('a long header takes no long time', t => {
	const startedAt = performance.now();
	for (const text of ['a', 'a ', 'a=', '"', 'a="', ',', '\\"', 'Bearer a=b, ']) parseChallenges(text.repeat(1_000_000));
	t.true(performance.now() - startedAt < 2000);
});
