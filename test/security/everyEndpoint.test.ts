/** Every kind of request, from every kind of identity, with each right alone: what needs a right is done with that right, and with no other. */

import {writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import {hash} from '@node-rs/bcrypt';
import test, {type ExecutionContext} from 'ava';
import {digestOf, formatRequest, mediaTypes, type OciRequest, parseRepositoryName, parseTag, type RequestOf} from 'oci-spec-types';
import type {Action} from '../../src/config/actions.ts';
import {describe, imageOf, location} from '../support/client.ts';
import {basic, getToken, startSecuredApp} from '../support/securedApp.ts';
import {keysOf} from '../support/stores.ts';
import {temporaryFolder} from '../support/temporaryFolder.ts';

const repo = parseRepositoryName('team/app');
const other = parseRepositoryName('other/app');
const tag = parseTag('main');
const config = describe('{}', mediaTypes.ociConfig);
const layer = Buffer.from('layer');
const manifest = JSON.stringify(imageOf(config, [describe(layer)]));
const digest = digestOf(layer);
const fresh = Buffer.from('not there yet');

/** What each needs, said here once more: a row that is changed by mistake there is noticed here. */
const needs: {readonly [K in OciRequest['kind']]: Action | 'nothing'} = {
	ping: 'nothing',
	'catalog.list': 'nothing',
	'blob.head': 'pull',
	'blob.get': 'pull',
	'blob.delete': 'delete',
	'upload.start': 'push',
	'upload.mount': 'push',
	'upload.whole': 'push',
	'upload.append': 'push',
	'upload.finish': 'push',
	'upload.status': 'push',
	'upload.cancel': 'push',
	'manifest.head': 'pull',
	'manifest.get': 'pull',
	'manifest.put': 'push',
	'manifest.delete': 'delete',
	'tag.delete': 'delete',
	'tags.list': 'pull',
	'referrers.list': 'pull',
};

type Sample<K extends OciRequest['kind']> = (upload: RequestOf<'upload.append'>['upload']) => {
	request: RequestOf<K>;
	body?: string | Buffer;
	type?: string;
};
const samples: {readonly [K in OciRequest['kind']]: Sample<K>} = {
	ping: () => ({request: {kind: 'ping'}}),
	'catalog.list': () => ({request: {kind: 'catalog.list', page: {}}}),
	'blob.head': () => ({request: {kind: 'blob.head', repo, digest}}),
	'blob.get': () => ({request: {kind: 'blob.get', repo, digest}}),
	'blob.delete': () => ({request: {kind: 'blob.delete', repo, digest}}),
	'upload.start': () => ({request: {kind: 'upload.start', repo}}),
	'upload.mount': () => ({request: {kind: 'upload.mount', repo, digest, from: other}}),
	'upload.whole': () => ({request: {kind: 'upload.whole', repo, digest: digestOf(fresh)}, body: fresh}),
	'upload.append': upload => ({request: {kind: 'upload.append', repo, upload}, body: fresh}),
	'upload.finish': upload => ({request: {kind: 'upload.finish', repo, upload, digest: digestOf(fresh)}}),
	'upload.status': upload => ({request: {kind: 'upload.status', repo, upload}}),
	'upload.cancel': upload => ({request: {kind: 'upload.cancel', repo, upload}}),
	'manifest.head': () => ({request: {kind: 'manifest.head', repo, reference: tag}}),
	'manifest.get': () => ({request: {kind: 'manifest.get', repo, reference: digestOf(Buffer.from(manifest))}}),
	'manifest.put': () => ({
		request: {kind: 'manifest.put', repo, reference: tag, tags: [tag]},
		body: manifest,
		type: mediaTypes.ociManifest,
	}),
	'manifest.delete': () => ({request: {kind: 'manifest.delete', repo, digest: digestOf(Buffer.from(manifest))}}),
	'tag.delete': () => ({request: {kind: 'tag.delete', repo, tag}}),
	'tags.list': () => ({request: {kind: 'tags.list', repo, page: {}}}),
	'referrers.list': () => ({request: {kind: 'referrers.list', repo, digest, page: {}}}),
};
const kinds = Object.keys(needs) as OciRequest['kind'][];

const rights = ['pull', 'push', 'delete', 'protect', 'admin'] as const satisfies Action[];
const users = [...rights, 'none', 'elsewhere', 'all'];
const password = 'correct horse';

const policy = `access:
${rights.map(right => `  - {who: {user: ${right}}, may: ${right}, on: "${right === 'admin' ? '**:*' : 'team/app:main'}"}`).join('\n')}
${rights.map(right => `  - {who: {issuer: ci, claims: {right: ${right}}}, may: ${right}, on: "${right === 'admin' ? '**:*' : 'team/app:main'}"}`).join('\n')}
  - {who: {user: elsewhere}, may: [pull, push, delete, protect], on: "other/app:*"}
  - {who: {user: all}, may: [pull, push, delete, protect, admin], on: "**:*"}
`;

/** The registry with what is asked for in it, anew. */
const start = async (t: ExecutionContext) => {
	const htpasswd = join(await temporaryFolder(t), 'users');
	const hashed = await hash(password, 4);
	await writeFile(htpasswd, users.map(user => `${user}:${hashed}\n`).join(''));
	const running = await startSecuredApp(t, {policy, environment: {LAYERCACHE_AUTH_HTPASSWD: htpasswd}});
	const {client, url, issuer, tokens} = running;
	const owner = {Authorization: basic('all', password)};
	const fill = async () => {
		for (const each of [repo, other]) {
			for (const bytes of ['{}', layer]) {
				await client.request('POST', `/v2/${each}/blobs/uploads/?digest=${digestOf(Buffer.from(bytes))}`, {headers: owner, body: bytes});
			}
			await client.request('PUT', `/v2/${each}/manifests/main`, {
				headers: {...owner, 'Content-Type': mediaTypes.ociManifest},
				body: manifest,
			});
		}
	};
	await fill();
	const started = location(await client.request('POST', `/v2/${repo}/blobs/uploads/`, {headers: owner}));
	const upload = /uploads\/([^?]+)/.exec(started)?.[1] as RequestOf<'upload.append'>['upload'];
	const ask = async (kind: OciRequest['kind'], headers: Record<string, string>) => {
		const {request, body, type} = samples[kind](upload);
		const {method, path} = formatRequest(request);
		return client.request(method, path, {headers: {...headers, ...(type && {'Content-Type': type})}, ...(body !== undefined && {body})});
	};
	return {...running, url, issuer, tokens, owner, fill, ask};
};

type Started = Awaited<ReturnType<typeof start>>;
/** `may`: the rights that it has there. `isKnown`: it has proven who it is. */
type Identity = {
	may: readonly Action[];
	isKnown: boolean;
	headers(started: Started): Promise<Record<string, string>> | Record<string, string>;
};

const tokenOf = async ({url}: Started, headers: Record<string, string>, scopes: readonly string[]) =>
	`Bearer ${(await getToken(url, scopes, headers)).body.token}`;
const everything = `repository:${repo}:pull,push,delete`;

const identities: Readonly<Record<string, Identity>> = {
	nobody: {may: [], isKnown: false, headers: () => ({})},
	'the bearer of a token for nobody': {
		may: [],
		isKnown: false,
		headers: async started => ({Authorization: await tokenOf(started, {}, [everything])}),
	},
	...Object.fromEntries(
		users.map((user): [string, Identity] => [
			`the user ${user}`,
			{
				may: user === 'all' ? rights : rights.filter(right => right === user),
				isKnown: true,
				headers: () => ({Authorization: basic(user, password)}),
			},
		]),
	),
	...Object.fromEntries(
		rights.map((right): [string, Identity] => [
			`a job that may ${right}`,
			{
				may: [right],
				isKnown: true,
				headers: async ({issuer}) => ({Authorization: basic('job', await issuer.sign({sub: right, right}))}),
			},
		]),
	),
	...Object.fromEntries(
		(['pull', 'push', 'delete'] as const).flatMap((right): [string, Identity][] => [
			[
				`a static token that may ${right}`,
				{
					may: [right],
					isKnown: true,
					headers: async ({tokens}) => {
						const grants = [{may: [right], on: ['team/app:main']}];
						return {Authorization: `Bearer ${(await tokens.create({name: right, grants, createdBy: 'a test'})).text}`};
					},
				},
			],
			[
				`a token for ${right} alone, of a user who may all`,
				{
					may: [right],
					isKnown: true,
					headers: async started => ({Authorization: await tokenOf(started, started.owner, [`repository:${repo}:${right}`])}),
				},
			],
			[
				`a token for all, of a user who may ${right}`,
				{
					may: [right],
					isKnown: true,
					headers: async started => ({Authorization: await tokenOf(started, {Authorization: basic(right, password)}, [everything])}),
				},
			],
		]),
	),
	'a token for another repository, of a user who may all': {
		may: [],
		isKnown: true,
		headers: async started => ({Authorization: await tokenOf(started, started.owner, [`repository:${other}:pull,push,delete`])}),
	},
};

for (const [who, {may, isKnown, headers}] of Object.entries(identities)) {
	test(`${who} is answered what its rights allow and nothing else, for every kind of request`, async t => {
		const started = await start(t);
		const sent = await headers(started);
		for (const kind of kinds) {
			const needed = needs[kind];
			// A listing of all has a scope of its own.
			if (kind === 'catalog.list' && who.includes('token for')) continue;
			const isAllowed = needed === 'nothing' ? isKnown || (kind === 'ping' && 'Authorization' in sent) : may.includes(needed);
			const before = await keysOf(started.store, 'repos/');
			const {status, text, headers: answered} = await started.ask(kind, sent);
			if (isAllowed) t.true(status < 400, `${kind}: ${status} ${text}`);
			else {
				t.true(status === 401 || status === 403, `${kind}: ${status} ${text}`);
				t.is(status === 401, answered.has('www-authenticate'), kind);
				t.deepEqual(await keysOf(started.store, 'repos/'), before, `${kind} left something`);
				t.false(text.includes('layer'), `${kind}: ${text}`);
			}
			if (isAllowed && needed !== 'pull') await started.fill();
		}
	});
}

test('a mount takes nothing from where one may not pull: it becomes an upload', async t => {
	const {ask, client, owner, store} = await start(t);
	await client.request('DELETE', `/v2/${repo}/manifests/main`, {headers: owner});
	await client.request('DELETE', `/v2/${repo}/manifests/${digestOf(Buffer.from(manifest))}`, {headers: owner});
	await client.request('DELETE', `/v2/${repo}/blobs/${digest}`, {headers: owner});
	const before = await keysOf(store, `repos/${repo}/_blobs/`);
	t.is((await ask('upload.mount', {Authorization: basic('push', password)})).status, 202);
	t.deepEqual(await keysOf(store, `repos/${repo}/_blobs/`), before);
	t.is((await ask('upload.mount', owner)).status, 201);
});
