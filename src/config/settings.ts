/** The settings: `LAYERCACHE_*` of the environment, checked all at once. */
import type {z} from 'zod';
import {nearest} from './nearest.ts';
import {administrationSettings} from './settings/administration.ts';
import {auditSettings} from './settings/audit.ts';
import {authenticationSettings} from './settings/authentication.ts';
import {cachesSettings} from './settings/caches.ts';
import {collectingSettings} from './settings/collecting.ts';
import {listeningSettings} from './settings/listening.ts';
import {logSettings} from './settings/log.ts';
import {servingSettings} from './settings/serving.ts';
import type {SettingsTable} from './settings/setting.ts';
import {storeSettings} from './settings/store.ts';

export type Settings = {
	[K in keyof typeof settingsTable as (typeof settingsTable)[K]['key']]: z.output<(typeof settingsTable)[K]['schema']>;
};

/** Every setting, in the order of the docs. Names are fixed: scripts and deployments rely on them. */
export const settingsTable = {
	...listeningSettings,
	...storeSettings,
	...servingSettings,
	...collectingSettings,
	...cachesSettings,
	...authenticationSettings,
	...administrationSettings,
	...auditSettings,
	...logSettings,
} satisfies SettingsTable;

/** What commands that ask a server read; no business of the server. */
export const commandLineVariables: readonly string[] = ['LAYERCACHE_SERVER', 'LAYERCACHE_TOKEN'];

/** `ignored` are variables that Kubernetes injects beside a Service named layercache. */
export type ReadSettings = {settings: Settings; ignored: readonly string[]};

/** Throws SettingsInvalid, which names every problem. */
export const parseSettings = (environment: Readonly<Record<string, string | undefined>>): ReadSettings => {
	const given = Object.entries(environment).filter(
		(entry): entry is [string, string] =>
			entry[0].startsWith('LAYERCACHE_') && !commandLineVariables.includes(entry[0]) && entry[1] !== undefined && entry[1] !== '',
	);
	const ignored = given.filter(isServiceLink).map(([name]) => name);
	const mine = given.filter(entry => !isServiceLink(entry));

	const unknown = mine.filter(([name]) => !(name in settingsTable)).map(([name]) => unknownProblem(name));
	const values = Object.fromEntries(mine);
	const parsed = Object.entries(settingsTable).map(([name, {key, schema}]) => ({name, key, result: schema.safeParse(values[name])}));
	const wrong = parsed.flatMap(({name, result}) => (result.success ? [] : result.error.issues.map(({message}) => `${name} ${message}`)));
	const settings = Object.fromEntries(parsed.map(({key, result}) => [key, result.data])) as Settings;
	const problems = [...unknown, ...wrong, ...(wrong.length === 0 ? contradictions(settings) : [])];
	if (problems.length > 0) throw new SettingsInvalid(problems);
	return {settings, ignored};
};

/** Every problem of the environment at once. Values are not repeated: one of them may be a secret in the wrong place. */
export class SettingsInvalid extends Error {
	override readonly name = 'SettingsInvalid';
	readonly problems: readonly string[];
	constructor(problems: readonly string[]) {
		super(`the settings cannot be used:\n${problems.map(problem => `  - ${problem}`).join('\n')}\nAll settings: docs/configuration.md`);
		this.problems = problems;
	}
}

const contradictions = (settings: Settings): string[] => {
	const {store, s3Bucket, workers, port, tlsCert, tlsKey, tlsRedirectPort} = settings;
	const {auth, htpasswd, authKeys, authKeyFile, audit, auditFile} = settings;
	if ((tlsCert === undefined) !== (tlsKey === undefined))
		return [`LAYERCACHE_TLS_${tlsCert ? 'KEY' : 'CERT'} is needed with LAYERCACHE_TLS_${tlsCert ? 'CERT' : 'KEY'}`];
	if (tlsRedirectPort !== undefined && !tlsCert)
		return ['LAYERCACHE_TLS_REDIRECT_PORT needs LAYERCACHE_TLS_CERT: without TLS there is nothing to lead to'];
	if (tlsRedirectPort && tlsRedirectPort === port) return ['LAYERCACHE_TLS_REDIRECT_PORT must be another port than LAYERCACHE_PORT'];
	if (htpasswd !== undefined && auth !== 'required')
		return ['LAYERCACHE_AUTH_HTPASSWD needs LAYERCACHE_AUTH=required: else nobody is asked who they are'];
	if (authKeys !== undefined && authKeyFile !== undefined)
		return ['LAYERCACHE_AUTH_KEY and LAYERCACHE_AUTH_KEY_FILE are both set: the keys come from one of them'];
	if (audit === 'off' && auditFile !== undefined)
		return ['LAYERCACHE_AUDIT_FILE is set, and LAYERCACHE_AUDIT is off: nothing would be written to it'];
	if (store === 's3' && !s3Bucket) return ['LAYERCACHE_S3_BUCKET is needed with LAYERCACHE_STORE=s3'];
	if (store === 'memory' && workers > 1)
		return ['LAYERCACHE_STORE=memory needs LAYERCACHE_WORKERS=1: each worker would have a memory of its own'];
	return [];
};

/** Settings of earlier versions, and what has taken their place. */
const gone: Readonly<Record<string, string>> = {
	LAYERCACHE_PROTECT_CLIENTS: 'a rule of `access` in the policy says it now, with `addresses` and `may: [protect]`: CHANGELOG.md has it',
};

const unknownProblem = (name: string) => {
	if (Object.hasOwn(gone, name)) return `${name} is no setting any more; ${gone[name]}`;
	const meant = nearest(name, Object.keys(settingsTable));
	return `${name} is no setting${meant ? `; did you mean ${meant}?` : ''}`;
};

/**
 * Kubernetes injects `<SERVICE>_SERVICE_HOST`, `<SERVICE>_SERVICE_PORT[_<NAME>]`, `<SERVICE>_PORT=tcp://…` and
 * `<SERVICE>_PORT_<N>_<PROTOCOL>[_PROTO|_PORT|_ADDR]` for every Service, `layercache` and `layercache-…` among them.
 */
const isServiceLink = ([name, value]: readonly [string, string]): boolean =>
	/^LAYERCACHE_(?:\w+_)?SERVICE_(?:HOST|PORT(?:_\w+)?)$/.test(name) ||
	/^LAYERCACHE_(?:\w+_)?PORT_\d+_(?:TCP|UDP|SCTP)(?:_(?:PROTO|PORT|ADDR))?$/.test(name) ||
	(/^LAYERCACHE_(?:\w+_)?PORT$/.test(name) && /^(?:tcp|udp|sctp):\/\//.test(value));
