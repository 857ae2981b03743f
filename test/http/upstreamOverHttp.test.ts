/** layercache in front of another layercache that lets nobody in without a password, all of it over HTTP. */
import {rm, writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import test, {type ExecutionContext} from 'ava';
import {startApp} from '../support/app.ts';
import {importCache, layersOf, pushCache} from '../support/caches.ts';
import {alice, asAlice, startSecuredApp} from '../support/securedApp.ts';
import {temporaryFolder} from '../support/temporaryFolder.ts';
import {imageOfWord, pushThrough, team} from '../support/upstreams.ts';

const start = async (t: ExecutionContext, password = alice.password) => {
	const there = await startSecuredApp(t);
	const passwordFile = join(await temporaryFolder(t), 'password');
	await writeFile(passwordFile, `${password}\n`);
	const here = await startApp(t, {
		policy: `upstreams: {there: {url: "${there.url}", username: ${alice.name}, passwordFile: ${passwordFile}}}\nroutes: [{match: "team/**:*", upstream: there}]`,
	});
	return {there, here, passwordFile};
};

test('images go through with the name and password of the policy, caches stay, and no secret is in an answer, the log or a metric', async t => {
	const {there, here} = await start(t);
	const {answer, digest, manifest, layer} = await pushThrough(here.client, 'one');
	t.is(answer.status, 201);
	t.is((await there.client.get(`/v2/${team}/manifests/v1`, asAlice)).text, manifest);
	await pushCache(here.client, team, 'cache', {steps: ['a']});
	t.is((await there.client.get(`/v2/${team}/manifests/cache`, asAlice)).status, 404);
	t.deepEqual((await importCache(here.client, team, 'cache')).steps, layersOf('a'));

	// By somebody else, past us.
	const other = imageOfWord('two');
	await there.client.request('PUT', `/v2/${team}/manifests/v2`, {
		body: manifest,
		headers: {...asAlice, 'Content-Type': 'application/vnd.oci.image.manifest.v1+json'},
	});
	const read = await here.client.get(`/v2/${team}/manifests/v2`);
	t.is(read.headers.get('docker-content-digest'), digest);
	const answers = [
		answer,
		read,
		await here.client.get(`/v2/${team}/blobs/${layer}`),
		await here.client.get(`/v2/${team}/blobs/${other.layer}`),
		await here.client.get('/metrics'),
	];
	t.regex(answers.at(-1)?.text ?? '', /layercache_upstream_requests_total\{upstream="there",operation="putBlob",status="201"\} 2/);
	const secrets = [alice.password, Buffer.from(`${alice.name}:${alice.password}`).toString('base64'), 'eyJ'];
	const told = [...answers.map(({headers, text}) => JSON.stringify([...headers]) + text), JSON.stringify(here.log)];
	for (const text of told) for (const secret of secrets) t.false(text.includes(secret));
});

test('a password that is wrong, or cannot be read, is told with the host and what to check, and read again when it is mended', async t => {
	const {here, there, passwordFile} = await start(t, 'the wrong password');
	const {host} = new URL(there.url);
	const refused = await pushThrough(here.client, 'one');
	t.is(refused.answer.status, 403);
	t.true(refused.answer.text.includes(host));
	t.false(refused.answer.text.includes('the wrong password'));
	await rm(passwordFile);
	const unreadable = await pushThrough(here.client, 'one');
	t.regex(unreadable.answer.text, /the password for .* cannot be read from its file/);
	t.false(unreadable.answer.text.includes(passwordFile));
	await writeFile(passwordFile, alice.password);
	t.is((await pushThrough(here.client, 'one')).answer.status, 201);
});
