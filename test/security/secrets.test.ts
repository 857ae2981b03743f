/** Secrets that pass through the server: wherever they came in, they are in no log, no metric, no answer, no audit, no URL and no object. */
import {randomBytes} from 'node:crypto';
import {writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import {hash} from '@node-rs/bcrypt';
import test from 'ava';
import {readAll} from '../../src/lib/bytes.ts';
import {basic, getToken, postToken, startSecuredApp} from '../support/securedApp.ts';
import {keysOf} from '../support/stores.ts';
import {temporaryFolder} from '../support/temporaryFolder.ts';

test('no secret is written anywhere, whoever sends it wherever, be it right or wrong', async t => {
	const drawn = () => `Kanarie${randomBytes(18).toString('hex')}`;
	const folder = await temporaryFolder(t);
	const [adminToken, password, wrongPassword, key, metricsToken] = [drawn(), drawn(), drawn(), drawn(), drawn()] as const;
	const [htpasswd, keyFile, auditFile] = [join(folder, 'users'), join(folder, 'keys'), join(folder, 'audit')];
	const hashed = await hash(password, 4);
	await writeFile(htpasswd, `bob:${hashed}\n`);
	await writeFile(keyFile, `${key}\n`);
	const {client, url, issuer, tokens, store, log, app} = await startSecuredApp(t, {
		policy: 'access: [{who: {identified: true}, may: [pull, push, delete], on: "**:*"}]',
		environment: {
			LAYERCACHE_AUTH_HTPASSWD: htpasswd,
			LAYERCACHE_AUTH_KEY_FILE: keyFile,
			LAYERCACHE_ADMIN_TOKEN: adminToken,
			LAYERCACHE_METRICS_TOKEN: metricsToken,
			LAYERCACHE_AUDIT_FILE: auditFile,
		},
	});
	const {text: staticToken} = await tokens.create({name: 'deploy', createdBy: 'a test'});
	const idToken = await issuer.sign({sub: 'job'});
	const stranger = await issuer.signedByStranger({sub: 'job'});
	const session = await getToken(url, ['repository:ci/app:pull'], {Authorization: basic('bob', password)}, '&offline_token=true');
	const [access, refresh] = [session.body.token as string, session.body.refresh_token as string];
	t.true(access.length > 0 && refresh.length > 0);
	const secrets: string[] = [adminToken, password, wrongPassword, metricsToken, staticToken, idToken, stranger, access, refresh];

	const answers: string[] = [];
	const ask = async (method: string, path: string, headers: Record<string, string> = {}, body?: string) => {
		const answer = await fetch(url + path, {method, headers, redirect: 'manual', ...(body !== undefined && {body})});
		answers.push(`${[...answer.headers].join('\n')}\n${await answer.text()}`);
	};
	const form = {'Content-Type': 'application/x-www-form-urlencoded', 'Sec-Fetch-Site': 'same-origin'};
	for (const secret of secrets) {
		for (const authorization of [`Bearer ${secret}`, basic('bob', secret), basic(secret, secret), `Digest ${secret}`, secret]) {
			for (const path of ['/v2/', '/v2/ci/app/manifests/main', '/v2/_catalog', '/api/v1/usage', '/metrics', '/ui'])
				await ask('GET', path, {Authorization: authorization});
			await ask('POST', '/api/v1/prune', {Authorization: authorization, 'Content-Type': 'application/json'}, `{"secret":"${secret}"}`);
		}
		await ask('GET', '/v2/', {Cookie: `layercache-session=${secret}`});
		await ask('GET', '/ui', {Cookie: `layercache-session=${secret}`});
		// In places that are not for secrets, and where clients put them all the same.
		await ask('GET', `/v2/ci/app/tags/list?token=${secret}&access_token=${secret}&X-Amz-Signature=${secret}`);
		await ask('GET', `/token?account=bob&password=${secret}`);
		await ask('GET', `/token?refresh_token=${secret}`);
		await ask('GET', `/ui/sign-in?next=/ui?secret=x&token=${secret}`);
		await ask('GET', '/v2/', {'X-Request-Id': 'mine', Referer: `https://ci.example.com/?token=${secret}`, 'X-Api-Key': secret});
		await ask('POST', '/ui/sign-in', form, `name=bob&secret=${encodeURIComponent(secret)}`);
		await ask('POST', '/ui/sign-in', form, `name=&secret=${encodeURIComponent(secret)}`);
	}
	const refused = [
		await postToken(url, {grant_type: 'password', service: 'x', username: 'bob', password: wrongPassword}),
		await postToken(url, {grant_type: 'password', service: 'x', username: 'job', password: stranger}),
		await postToken(url, {grant_type: 'refresh_token', service: 'x', refresh_token: access}),
		await postToken(url, {grant_type: 'refresh_token', service: 'x', refresh_token: idToken}),
	];
	t.deepEqual(
		refused.map(({status}) => status),
		[401, 401, 401, 401],
	);
	const {text: metrics} = await client.get('/metrics', {Authorization: `Bearer ${adminToken}`});
	await app.stop();

	const objects: string[] = [];
	for (const object of await keysOf(store)) {
		const found = await store.read(object);
		objects.push(`${object}\n${found ? await readAll(found.body) : ''}`);
	}
	t.true(objects.some(text => text.startsWith('audit/')));
	const written = {
		log: JSON.stringify(log),
		metrics,
		audit: objects.filter(text => text.startsWith('audit/')).join('\n'),
		objects: objects.filter(text => !text.startsWith('audit/')).join('\n'),
		// What somebody has signed in with is answered as a cookie of another text.
		answers: answers.join('\n'),
		refusals: JSON.stringify(refused.map(({body}) => body)),
	};
	for (const [place, text] of Object.entries(written)) {
		for (const [index, secret] of [...secrets, key, hashed].entries()) {
			// A token of ours is told to whoever gets it, and these answers are none of that.
			for (const part of secretParts(secret)) t.false(text.includes(part), `secret ${index} is in the ${place}`);
		}
	}
});

/** What would be enough to use it: all of it, its signature or random half, or the same in another writing. */
const secretParts = (secret: string): string[] => {
	// Other secrets have dots, too, and what lies between those may be nothing.
	const signature = secret.startsWith('eyJ') ? secret.split('.')[2] : undefined;
	const own = signature ?? (secret.startsWith('lc_') ? secret.slice(16) : secret);
	return [secret, own, encodeURIComponent(secret), Buffer.from(secret).toString('base64'), Buffer.from(`bob:${secret}`).toString('base64')];
};
