/** Names such as `__proto__` in whatever is read from outside are names like others, and change nothing of any other object. */
import test, {type ExecutionContext} from 'ava';
import {descriptorSchema, mediaTypes, parseManifest, parseScopes} from 'oci-spec-types';
import {parseCacheConfig} from '../../src/cache/cacheConfig.ts';
import {CacheInvalid} from '../../src/cache/cacheInvalid.ts';
import {PolicyInvalid, parsePolicy} from '../../src/config/policy.ts';
import {parseSettings, SettingsInvalid} from '../../src/config/settings.ts';
import {startApp} from '../support/app.ts';
import {describe, imageOf} from '../support/client.ts';

const names = ['__proto__', 'constructor', 'prototype', 'toString', 'hasOwnProperty', '__defineGetter__', 'then', 'toJSON'];
const config = describe('{}', mediaTypes.ociConfig);

/** Nothing has become a property of all objects. */
const assertClean = (t: ExecutionContext, what: string) => {
	t.is(({} as Record<string, unknown>).polluted, undefined, what);
	t.is(Reflect.ownKeys(Object.prototype).includes('polluted'), false, what);
	t.is(Object.getPrototypeOf({}), Object.prototype, what);
};

const refusedBy = <T>(kind: new (...given: never[]) => Error, act: () => T): T | undefined => {
	try {
		return act();
	} catch (error) {
		if (error instanceof kind) return undefined;
		throw error;
	}
};

for (const name of names) {
	const json = (value: string) => `{"${name}": ${value}}`;
	const polluting = '{"polluted": true, "polluted2": {"polluted": true}}';

	test(`${name} in a policy is a name that is not known`, t => {
		for (const text of [
			`${name}: {polluted: true}`,
			`refs: [{match: "a:b", ${name}: {polluted: true}}]`,
			`${name}: [{match: "a:b"}]`,
			`issuers: {${name}: {issuer: "https://ci.example.com", audience: a, polluted: true}}`,
			`upstreams: {${name}: {polluted: true}}`,
		]) {
			t.is(
				refusedBy(PolicyInvalid, () => parsePolicy(text, 'policy.yaml')),
				undefined,
				text,
			);
			assertClean(t, text);
		}
	});

	test(`${name} in a manifest is a field like any other, and is given back as it came`, async t => {
		const {client, log} = await startApp(t);
		await client.pushBlob('ci/app', '{}');
		const annotations = `{"${name}": "of mine"}`;
		const subject = JSON.stringify({mediaType: mediaTypes.ociManifest, digest: config.digest, size: 2});
		const manifest = JSON.stringify({...imageOf(config, []), subject: 0, annotations: 0})
			.replace('"annotations":0', `"annotations": ${annotations}, "${name}": ${polluting}`)
			.replace('"subject":0', `"subject": ${subject}`);
		t.is((await client.putManifest('ci/app', 'main', manifest)).status, 201);
		t.is((await client.get('/v2/ci/app/manifests/main')).text, manifest);
		const referrers = await client.get(`/v2/ci/app/referrers/${config.digest}`);
		t.is(referrers.status, 200);
		t.is((await client.putManifest('ci/app', 'other', json(polluting), 'application/json')).status, 201);
		assertClean(t, name);
		t.false(log.some(line => line.level === 'error'));
		t.notThrows(() => parseManifest(Buffer.from(manifest)));
		descriptorSchema.safeParse(JSON.parse(json(polluting)));
		assertClean(t, 'a descriptor');
	});

	test(`${name} in a cache's config reaches nothing`, t => {
		for (const text of [
			json(polluting),
			`{"layers": ${json('[]')}, "records": [${json(polluting)}]}`,
			`{"layers":[],"records":[],"${name}":${polluting}}`,
		]) {
			refusedBy(CacheInvalid, () => parseCacheConfig(Buffer.from(text)));
			assertClean(t, text);
		}
	});

	test(`${name} in a query, in a header, in a form and in what the admin API is sent is no field`, async t => {
		const {url, log} = await startApp(t);
		const requests: [method: string, path: string, body?: string, type?: string][] = [
			['GET', `/v2/ci/app/tags/list?${name}=1&n=1&last=${name}`],
			['GET', `/v2/_catalog?${name}[polluted]=1`],
			['POST', `/v2/ci/app/blobs/uploads/?${name}=1&mount[${name}]=1`],
			['GET', `/v2/ci/app/manifests/${name}`],
			['GET', `/v2/ci/app/${name}/list`],
			['GET', `/v2/${name}/tags/list`],
			['GET', `/api/v1/usage?${name}=1`],
			['GET', `/api/v1/${name}`],
			['POST', '/api/v1/prune', json(polluting), 'application/json'],
			['POST', `/ui/prune?${name}=1`, `${name}=1&${name}[polluted]=1`, 'application/x-www-form-urlencoded'],
			['GET', `/ui/usage?days=${name}`],
			['GET', `/ui/${name}`],
			['GET', `/ui/assets/${name}`],
			['GET', `/${name}`],
		];
		for (const [method, path, body, type] of requests) {
			const headers = {...(type && {'Content-Type': type}), [name === '__proto__' ? 'x-proto' : name]: 'polluted'};
			// Most of these are refused; some answer a page.
			const {status} = await fetch(new URL(path, url), {method, headers, body, redirect: 'manual'} as RequestInit);
			t.true(status < 500, `${method} ${path}: ${status}`);
			assertClean(t, `${method} ${path}`);
		}
		t.false(log.some(line => line.level === 'error'));
	});

	test(`${name} is no setting, no scope and no status`, t => {
		t.throws(() => parseSettings({[`LAYERCACHE_${name}`]: 'x'}), {instanceOf: SettingsInvalid});
		t.deepEqual(parseScopes([`repository:${name}:${name}`]).length, 1);
		assertClean(t, name);
	});
}
