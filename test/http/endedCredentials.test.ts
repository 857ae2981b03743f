/** What was issued is worth nothing once its credential has ended: each kind of credential, over HTTP. */
import {writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import {hash} from '@node-rs/bcrypt';
import test from 'ava';
import {startApp} from '../support/app.ts';
import type {Client} from '../support/client.ts';
import {githubClaims} from '../support/idTokenClaims.ts';
import {startIssuer} from '../support/issuer.ts';
import {policyFile, replacePolicy} from '../support/policy.ts';
import {alice, asAlice, basic, bearing, getToken, startSecuredApp} from '../support/securedApp.ts';
import {temporaryFolder} from '../support/temporaryFolder.ts';

/** 404 is the answer of somebody who may look, 401 that of nobody. */
const statusOf = async (client: Client, headers: Record<string, string>) => (await client.get('/v2/ci/app/manifests/main', headers)).status;
const pull = ['repository:ci/app:pull'];

test('a static token that is revoked opens nothing after 30 s, nor does what was issued for it', async t => {
	let elapsed = 1000;
	const {client, url, tokens} = await startSecuredApp(t, {elapsed: () => elapsed});
	const {text} = await tokens.create({name: 'deploy', createdBy: 'a test'});
	const itself = {Authorization: basic('token', text)};
	const issued = bearing(await getToken(url, pull, itself));
	for (const headers of [itself, issued]) t.is(await statusOf(client, headers), 404);
	await tokens.revoke('deploy');
	elapsed += 30_001;
	for (const headers of [itself, issued]) t.is(await statusOf(client, headers), 401);
});

test('a user with another password is known by that one alone, and what was issued for the old one opens nothing', async t => {
	const {app, client, url, htpasswd} = await startSecuredApp(t);
	const issued = bearing(await getToken(url, pull, asAlice));
	for (const headers of [asAlice, issued]) t.is(await statusOf(client, headers), 404);
	await writeFile(htpasswd, `${alice.name}:${await hash('another', 4)}\n`);
	await app.reload();
	for (const headers of [asAlice, issued]) t.is(await statusOf(client, headers), 401);
	t.is(await statusOf(client, {Authorization: basic(alice.name, 'another')}), 404);
});

test('a job whose issuer the policy has no more, or with another audience, is nobody', async t => {
	const issuer = await startIssuer(t, {alg: 'EdDSA'});
	const policyWith = (audience: string) => `issuers:
  github: {issuer: "${issuer.url}", audience: ${audience}}
access:
  - {who: {issuer: github, claims: {repository: "acme/{app}"}}, may: pull, on: "ci/{app}:*"}
`;
	const path = await policyFile(t, policyWith('layercache'));
	const {app, client, url} = await startApp(t, {environment: {LAYERCACHE_AUTH: 'required', LAYERCACHE_POLICY: path}});
	const itself = {Authorization: `Bearer ${await issuer.sign(githubClaims)}`};
	const issued = bearing(await getToken(url, pull, itself));
	for (const headers of [itself, issued]) t.is(await statusOf(client, headers), 404);
	await replacePolicy(path, policyWith('another'));
	await app.reload();
	for (const headers of [itself, issued]) t.is(await statusOf(client, headers), 401);
	await replacePolicy(path, '{}');
	await app.reload();
	for (const headers of [itself, issued]) t.is(await statusOf(client, headers), 401);
});

test('keys are rotated under two replicas without a refusal, and a key that is taken out ends what it signed', async t => {
	const [older, newer] = ['o'.repeat(40), 'n'.repeat(40)];
	const keys = join(await temporaryFolder(t), 'keys');
	await writeFile(keys, older);
	const {app: first, client, store, url, htpasswd} = await startSecuredApp(t, {environment: {LAYERCACHE_AUTH_KEY_FILE: keys}});
	const environment = {LAYERCACHE_AUTH: 'required', LAYERCACHE_AUTH_HTPASSWD: htpasswd, LAYERCACHE_AUTH_KEY_FILE: keys};
	const {app: second, client: other} = await startApp(t, {store, environment});
	const issued = [bearing(await getToken(url, pull, asAlice))];
	for (const step of [`${older}\n${newer}`, `${newer}\n${older}`]) {
		await writeFile(keys, step);
		await Promise.all([first.reload(), second.reload()]);
		issued.push(bearing(await getToken(url, pull, asAlice)));
		for (const headers of issued) for (const each of [client, other]) t.is(await statusOf(each, headers), 404);
	}
	await writeFile(keys, newer);
	await Promise.all([first.reload(), second.reload()]);
	for (const each of [client, other]) {
		const statuses = await Promise.all(issued.map(headers => statusOf(each, headers)));
		t.deepEqual(statuses, [401, 401, 404]);
	}
});
