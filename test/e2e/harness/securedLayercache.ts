/** layercache where clients have to be somebody, and one of each kind who is. */
import {writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import {execPath} from 'node:process';
import {hash} from '@node-rs/bcrypt';
import {githubClaims} from '../../support/idTokenClaims.ts';
import {startIssuer} from '../../support/issuer.ts';
import {succeed} from './exec.ts';
import {checkout, environmentWithoutSettings, startLayercache} from './layercache.ts';
import {policySetting} from './policy.ts';
import type {RegistryServer} from './registryServer.ts';
import {disk} from './storages.ts';
import {temporaryFolder} from './temporaryFolder.ts';

type Scope = {teardown(act: () => Promise<void>): void};

export interface LogIn {
	readonly username: string;
	readonly password: string;
}

export type LogInKind = 'a user' | 'a static token' | "a job's id token";

export interface SecuredLayercache extends RegistryServer {
	/** A log-in that may pull from and push to `team/…`. `expiresIn`: seconds of an id token. */
	logIn(kind: LogInKind, expiresIn?: number): Promise<LogIn>;
}

const adminToken = 'the-administrator-of-this-test';
const user = {username: 'alice', password: 'correct horse battery staple'};

export const startSecuredLayercache = async (scope: Scope, env: NodeJS.ProcessEnv = {}): Promise<SecuredLayercache> => {
	const folder = await temporaryFolder(scope, 'secured');
	const users = join(folder, 'users');
	await writeFile(users, `${user.username}:${await hash(user.password, 10)}\n`);
	const issuer = await startIssuer(scope);
	const rights = 'may: [pull, push, delete], on: "team/**:*"';
	const policy = `
issuers:
  ci: {issuer: "${issuer.url}", audience: layercache}
access:
  - {who: {user: alice}, ${rights}}
  - {who: {token: "build-*"}, ${rights}}
  - {who: {issuer: ci, claims: {repository: acme/app, ref: refs/heads/main}}, ${rights}}
`;
	const server = await startLayercache(scope, {
		storage: await disk.create(scope),
		env: {
			LAYERCACHE_AUTH: 'required',
			LAYERCACHE_AUTH_HTPASSWD: users,
			LAYERCACHE_ADMIN_TOKEN: adminToken,
			...(await policySetting(scope, policy)),
			...env,
		},
	});
	const createToken = async (): Promise<string> => {
		const args = ['src/cli.ts', 'tokens', 'create', 'build-host-1', '--server', server.url, '--json'];
		const environment = {...environmentWithoutSettings(), LAYERCACHE_TOKEN: adminToken};
		return JSON.parse(await succeed(execPath, args, {cwd: checkout, env: environment})).text;
	};
	return {
		...server,
		async logIn(kind, expiresIn) {
			if (kind === 'a user') return user;
			if (kind === 'a static token') return {username: 'token', password: await createToken()};
			return {username: 'oidc', password: await issuer.sign(githubClaims, {...(expiresIn && {expiresIn})})};
		},
	};
};

/** What `docker login` writes where nothing keeps the password for it, as other tools write it too. */
export const plainConfig = (host: string, {username, password}: LogIn): string =>
	JSON.stringify({auths: {[host]: {auth: Buffer.from(`${username}:${password}`).toString('base64')}}});
