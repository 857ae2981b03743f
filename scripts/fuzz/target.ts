/** The registry that is attacked: its settings, what is planted in it, and the credentials that the fuzzers have. */
import {mkdtemp, rm, writeFile} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {env} from 'node:process';
import {hash} from '@node-rs/bcrypt';
import {digestOf, mediaTypes, type RepositoryName, type Tag} from 'oci-spec-types';
import {startIssuer, type TestIssuer} from '../../test/support/issuer.ts';
import {blobs, hiddenTag, newSecret, repositories, secretConfig, secretLayer, secretManifest, tags} from './world.ts';

export type Target = {
	environment: Record<string, string>;
	/** Fills the registry, and logs in: answers what the fuzzers may put into Authorization. */
	plant(url: string): Promise<(string | undefined)[]>;
	remove(): Promise<void>;
};

/** A user and jobs of CI push to `open`, whoever has logged in reads `shown`, and the administrator alone is in the vault. */
const policyWith = (issuer: string) => `
issuers:
  ci: {issuer: "${issuer}", audience: layercache}
access:
  - {who: {user: fuzzer}, may: [pull, push, delete], on: "open/**:*"}
  - {who: {issuer: ci, claims: {repository: "fuzz/{app}"}}, may: [pull, push], on: ["open/{app}:*", "open/{app}/**:pr-*"]}
  - {who: {identified: true}, may: pull, on: "shown/**:*"}
  - {who: {anyone: true}, may: pull, on: "open/app:main"}
refs:
  - {match: "open/app:main", onPush: merge}
  - {match: "open/app/deep:*", fallback: [main, a]}
  - {match: "open/app:a", protect: true}
`;

export const prepareTarget = async (): Promise<Target> => {
	const endings: (() => Promise<void>)[] = [];
	const issuer = await startIssuer({teardown: end => endings.push(end)}, {alg: 'EdDSA'});
	const folder = await mkdtemp(join(tmpdir(), 'layercache-fuzz-'));
	endings.push(() => rm(folder, {recursive: true, force: true}));
	const fileOf = async (name: string, text: string): Promise<string> => {
		await writeFile(join(folder, name), text);
		return join(folder, name);
	};
	const adminToken = newSecret();
	const password = newSecret();
	// The least cost: a server that computes hashes answers nothing else.
	const hashed = async (text: string) => hash(text, 4);
	const htpasswd = `fuzzer:${await hashed(password)}\nsomebody:${await hashed(newSecret())}\n`;
	const basic = (name: string, secret: string) => `Basic ${Buffer.from(`${name}:${secret}`).toString('base64')}`;

	return {
		environment: {
			PATH: env.PATH ?? '',
			LAYERCACHE_AUTH: 'required',
			LAYERCACHE_AUTH_HTPASSWD: await fileOf('htpasswd', htpasswd),
			LAYERCACHE_AUTH_KEY_FILE: await fileOf('keys', `${newSecret()}\n`),
			LAYERCACHE_POLICY: await fileOf('policy.yaml', policyWith(issuer.url)),
			LAYERCACHE_ADMIN_TOKEN: adminToken,
			LAYERCACHE_GC_EVERY: 'never',
		},
		async plant(url) {
			const plant = planter(url, `Bearer ${adminToken}`);
			for (const repo of [...repositories.vault, ...repositories.hidden])
				await plant(repo, [secretLayer, secretConfig], secretManifest, [...tags.slice(0, 2), hiddenTag]);
			for (const repo of repositories.readable) await plant(repo, blobs, plainManifest, tags.slice(0, 2));
			return credentialsFor(url, issuer, basic('fuzzer', password), basic);
		},
		async remove() {
			for (const end of endings) await end();
		},
	};
};

const plainManifest = Buffer.from(
	JSON.stringify({
		schemaVersion: 2,
		mediaType: mediaTypes.ociManifest,
		config: {mediaType: mediaTypes.ociConfig, digest: digestOf(Buffer.from('{}')), size: 2},
		layers: [],
	}),
);

const planter = (url: string, authorization: string) => {
	const send = async (method: string, path: string, body: Buffer) => {
		const headers = {Authorization: authorization, 'Content-Type': mediaTypes.ociManifest};
		const {status} = await fetch(url + path, {method, headers, body});
		if (status !== 201) throw new Error(`planting ${path}: ${status}`);
	};
	return async (repo: RepositoryName, blobs: readonly Buffer[], manifest: Buffer, tags: readonly Tag[]) => {
		for (const bytes of blobs) await send('POST', `/v2/${repo}/blobs/uploads/?digest=${digestOf(bytes)}`, bytes);
		for (const tag of tags) await send('PUT', `/v2/${repo}/manifests/${tag}`, manifest);
	};
};

/** None, right ones of each kind, tokens of ours, and forgeries of all of them. */
const credentialsFor = async (
	url: string,
	issuer: TestIssuer,
	right: string,
	basic: (name: string, secret: string) => string,
): Promise<(string | undefined)[]> => {
	const claims = {sub: 'job', repository: 'fuzz/app'};
	const lasting = {expiresIn: 86_400};
	const job = await issuer.sign(claims, lasting);
	const stranger = await issuer.sign({sub: 'other', repository: 'acme/app'}, lasting);
	const everything = [...repositories.open, ...repositories.readable, ...repositories.vault]
		.map(repo => `scope=repository:${repo}:pull,push,delete`)
		.join('&');
	const tokensFor = async (authorization: string) => {
		const answer = await fetch(`${url}/token?${everything}&scope=registry:catalog:*&offline_token=true`, {
			headers: {Authorization: authorization},
		});
		if (answer.status !== 200) throw new Error(`logging in: ${answer.status}`);
		return (await answer.json()) as {token: string; refresh_token: string};
	};
	const [mine, its] = [await tokensFor(right), await tokensFor(basic('job', job))];
	const [head = '', payload = '', signature = ''] = mine.token.split('.');
	const encoded = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
	const forgeries = [
		`${encoded({alg: 'none', typ: 'at+jwt'})}.${payload}.`,
		`${head}.${encoded({sub: 'administrator', kind: 'administrator', exp: 9e9})}.${signature}`,
		`${head}.${payload}.${'A'.repeat(43)}`,
		mine.refresh_token,
		await issuer.unsigned(claims),
		await issuer.signedByPublicKey(claims),
		await issuer.signedByStranger(claims, {jku: `${issuer.url}/keys`, kid: '../../keys'}),
		await issuer.sign(claims, {audience: 'somebody else'}),
		'x'.repeat(12_000),
		'lc_0123456789ab_'.padEnd(59, 'A'),
	];
	return [
		...[undefined, undefined, undefined, undefined, undefined],
		...Array.from({length: 10}, () => right),
		...Array.from({length: 24}, () => `Bearer ${mine.token}`),
		...Array.from({length: 6}, () => `Bearer ${its.token}`),
		basic('job', job),
		`Bearer ${stranger}`,
		...forgeries.map(text => `Bearer ${text}`),
		basic('fuzzer', 'wrong'),
		basic('nobody', 'wrong'),
		basic('fuzzer', forgeries[1] as string),
		...['', 'Basic', 'Basic !', 'Basic Og==', 'Bearer', 'Digest x', `Basic ${Buffer.alloc(9000, 255).toString('base64')}`, 'Bearer \xff'],
	];
};
