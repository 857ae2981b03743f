/** The settings: `LAYERCACHE_*` of the environment, checked all at once. */
import {availableParallelism} from 'node:os';
import {z} from 'zod';
import {nearest} from './nearest.ts';
import {addressRanges, byteSize, choice, duration, flag, originUrl, secret, severalSecrets, webUrl, wholeNumber} from './settingValues.ts';

export type Settings = {
	[K in keyof typeof settingsTable as (typeof settingsTable)[K]['key']]: z.output<(typeof settingsTable)[K]['schema']>;
};

/** One setting: `key` is its name in code, `shown` its default as the docs say it where the schema does not. */
type Setting = {key: string; about: string; schema: z.ZodType; shown?: string; room: string};
const setting = <const K extends string, S extends z.ZodType>(key: K, room: string, schema: S, about: string, shown?: string) => ({
	key,
	room,
	schema,
	about,
	shown,
});

const mostWorkers = 128;
const hourMs = 3_600_000;
const dayMs = 24 * hourMs;

/** Every setting, in the order of the docs. Names are fixed: scripts and deployments rely on them. */
export const settingsTable = {
	LAYERCACHE_HOST: setting(
		'host',
		'Listening',
		z.string().min(1).default('127.0.0.1'),
		'The address to listen on. `0.0.0.0` is every interface. Where others than this machine reach it, `LAYERCACHE_AUTH` has to be set.',
	),
	LAYERCACHE_PORT: setting('port', 'Listening', wholeNumber(0, 65535).default(5000), 'The port to listen on; 0 takes a free one.'),
	LAYERCACHE_PUBLIC_URL: setting(
		'publicUrl',
		'Listening',
		originUrl.optional(),
		'How clients reach the registry, where proxies hide it; shown in the lines to paste.',
		'from the request',
	),
	LAYERCACHE_HTTP_TRUSTED_PROXIES: setting(
		'trustedProxies',
		'Listening',
		addressRanges.default([]),
		'Addresses or CIDR ranges, with commas between them, of the proxies whose `X-Forwarded-For`, `-Proto` and `-Host` are believed.',
		'none',
	),
	LAYERCACHE_TLS_CERT: setting(
		'tlsCert',
		'Listening',
		z.string().min(1).optional(),
		'The file of the certificate, in PEM, with those of the authorities between behind it; with it the port speaks TLS: [auth.md](auth.md#tls). It and the key are read again when they change, and at SIGHUP.',
		'none: plain HTTP',
	),
	LAYERCACHE_TLS_KEY: setting(
		'tlsKey',
		'Listening',
		z.string().min(1).optional(),
		'The file of its private key, in PEM, without a passphrase.',
		'needed with a certificate',
	),
	LAYERCACHE_TLS_MIN_VERSION: setting(
		'tlsMinVersion',
		'Listening',
		choice(['1.2', '1.3'])
			.default('1.2')
			.transform(version => `TLSv${version}` as const),
		'The oldest version of TLS that is spoken: `1.2` or `1.3`.',
		'`1.2`',
	),
	LAYERCACHE_TLS_REDIRECT_PORT: setting(
		'tlsRedirectPort',
		'Listening',
		wholeNumber(0, 65535).optional(),
		'A second port, for plain HTTP, which sends whoever reads to https and takes nothing else.',
		'none: plain HTTP is not served beside TLS',
	),
	LAYERCACHE_HTTP_IDLE_SECONDS: setting(
		'idleSeconds',
		'Listening',
		wholeNumber(1, 86_400).default(3600),
		'A connection on which nothing moves for this long is closed, also while the store works on its request. BuildKit may open an upload long before its layer is there.',
	),
	LAYERCACHE_HTTP_HEADER_SECONDS: setting(
		'headerSeconds',
		'Listening',
		wholeNumber(1, 86_400).default(30),
		'The headers of a request are all there within this time after the first of them, or its connection is closed. Connections that are silent are not meant.',
	),
	LAYERCACHE_HTTP_CONNECTIONS: setting(
		'connections',
		'Listening',
		wholeNumber(16, 1_000_000).default(4096),
		'How many connections clients may have open. When there are as many, the one that was idle for longest makes way for a new one. This and the next four are for each process.',
	),
	LAYERCACHE_HTTP_CONNECTIONS_PER_ADDRESS: setting(
		'connectionsPerAddress',
		'Listening',
		wholeNumber(4, 1_000_000).default(2048),
		'The same for one address; trusted proxies are not meant. BuildKit opens up to five for each export or import.',
	),
	LAYERCACHE_HTTP_REQUESTS: setting(
		'requestsAtOnce',
		'Listening',
		wholeNumber(4, 100_000).default(256),
		'How many requests are worked on at once; others wait, and those who ask share the turns fairly. Bodies that come or go are not meant.',
	),
	LAYERCACHE_HTTP_UPLOADS: setting(
		'uploadsAtOnce',
		'Listening',
		wholeNumber(4, 100_000).default(512),
		'How many bodies of blobs are taken in at once; others wait, and those who send share the places fairly.',
	),
	LAYERCACHE_HTTP_DOWNLOADS: setting(
		'downloadsAtOnce',
		'Listening',
		wholeNumber(4, 100_000).default(128),
		'How many blobs are streamed to clients at once; others wait, and those who read share the places fairly.',
	),
	LAYERCACHE_DRAIN_SECONDS: setting(
		'drainSeconds',
		'Listening',
		wholeNumber(0, 86_400).default(300),
		'After SIGTERM, how long requests under way may take to end. Kubernetes must allow as much in `terminationGracePeriodSeconds`.',
	),
	LAYERCACHE_WORKERS: setting(
		'workers',
		'Listening',
		z
			.string()
			.transform(text => (text === 'auto' ? String(Math.min(availableParallelism(), mostWorkers)) : text))
			.pipe(wholeNumber(1, mostWorkers))
			.default(1),
		'How many processes serve the port; `auto` is one for each core. They share the memory for uploads: operations.md says what each takes besides.',
	),

	LAYERCACHE_STORE: setting(
		'store',
		'Store',
		choice(['disk', 's3', 'memory']).default('disk'),
		'Where everything is kept: `disk`, `s3`, or `memory` (tests; all is lost at the end).',
	),
	LAYERCACHE_DISK_PATH: setting('diskPath', 'Store', z.string().min(1).default('./data'), 'The folder of the disk store; made if missing.'),
	LAYERCACHE_S3_BUCKET: setting('s3Bucket', 'Store', z.string().min(1).optional(), 'The bucket. It must exist.', 'needed for `s3`'),
	LAYERCACHE_S3_PREFIX: setting(
		's3Prefix',
		'Store',
		z.string().default(''),
		'Everything lies under this prefix of the bucket; slashes at its ends do not matter.',
		'none',
	),
	LAYERCACHE_S3_REGION: setting(
		's3Region',
		'Store',
		z.string().min(1).optional(),
		'The region of the bucket.',
		"AWS's own settings, else `us-east-1`",
	),
	LAYERCACHE_S3_ENDPOINT: setting('s3Endpoint', 'Store', webUrl.optional(), 'The S3 server, where it is not AWS.', "AWS's"),
	LAYERCACHE_S3_FORCE_PATH_STYLE: setting(
		's3ForcePathStyle',
		'Store',
		flag.optional(),
		'Whether the bucket stands in the path and not in the host name, as most S3 servers other than AWS want it.',
		'`true` with an endpoint',
	),
	LAYERCACHE_S3_PUBLIC_ENDPOINT: setting(
		's3PublicEndpoint',
		'Store',
		webUrl.optional(),
		'The endpoint that builders reach, for presigned URLs, where S3 has another name inside.',
		'the endpoint',
	),

	LAYERCACHE_S3_DOWNLOAD_PROFILE: setting(
		's3DownloadProfile',
		'Store',
		z.string().min(1).optional(),
		"A profile of AWS's files whose credentials sign the URLs for downloads and nothing else: it may do less than the server itself.",
		"the server's own credentials",
	),
	LAYERCACHE_S3_UPLOAD_PROFILE: setting(
		's3UploadProfile',
		'Store',
		z.string().min(1).optional(),
		"A profile of AWS's files whose credentials sign the URLs for uploads and nothing else.",
		"the server's own credentials",
	),

	LAYERCACHE_REDIRECT_DOWNLOADS: setting(
		'redirectDownloads',
		'Serving',
		choice(['auto', 'never']).default('auto'),
		'`auto` sends builders to presigned URLs for layers where the store has them; `never` streams every byte, for buckets that builders cannot reach.',
	),
	LAYERCACHE_REDIRECT_UPLOADS: setting(
		'redirectUploads',
		'Serving',
		choice(['auto', 'never', 'unsafe']).default('auto'),
		'`auto` sends builders to the store with large layers, where it was seen to refuse all bytes but those that a URL was signed for and `LAYERCACHE_REDIRECT_DOWNLOADS` is `auto` too; `never` streams every byte. `unsafe` sends them whatever was seen: for benches and closed networks, since with the URL of an upload a client may then store what it likes.',
	),
	LAYERCACHE_REDIRECT_LIFE_SECONDS: setting(
		'urlLifeSeconds',
		'Serving',
		wholeNumber(60, 604_800).default(1200),
		'How long a presigned URL lives. A download that is cut resumes through the registry, so this may be short.',
	),
	LAYERCACHE_REGISTRY_INDEX_SECONDS: setting(
		'indexSeconds',
		'Serving',
		wholeNumber(0, 600).optional(),
		'How long the server believes that a blob or manifest which it saw in S3 is still there, at most an eighth of the quarantine. What other servers or hands delete is served for so much longer; 0 asks S3 each time.',
		'`300`, less with a quarantine below 80 minutes',
	),

	LAYERCACHE_GC_GRACE: setting(
		'gcGraceMs',
		'Collecting',
		duration('10s').default(3 * dayMs),
		'What no tag keeps is left alone until it is so old: longer than a build takes from its first layer to its manifest.',
		'`3d`',
	),
	LAYERCACHE_GC_QUARANTINE: setting(
		'gcQuarantineMs',
		'Collecting',
		duration('10s').default(3 * dayMs),
		'What is condemned is kept for so long before it is removed: longer than an import takes, and than the server is ever cut off from S3. Everything else that the server believes for a while follows from it. The same for all servers of a bucket.',
		'`3d`',
	),
	LAYERCACHE_GC_DISK_QUARANTINE: setting(
		'gcDiskQuarantineMs',
		'Collecting',
		duration('10s').default(6 * hourMs),
		'The same for the disk store, where room is short.',
		'`6h`',
	),
	LAYERCACHE_GC_EVERY: setting(
		'gcEveryMs',
		'Collecting',
		duration('1s')
			.or(z.literal('never').transform(() => undefined))
			// A default would take the place of what `never` becomes.
			.prefault('1h'),
		'How often the store is walked along, retention applied and what nobody keeps removed. `never`: by hand only, with `layercache gc run`.',
		'`1h`',
	),

	LAYERCACHE_DISK_FREE_PERCENT: setting(
		'diskFreePercent',
		'Collecting',
		wholeNumber(0, 90).default(10),
		'Where less than this of the disk is free, the refs that were used longest ago go until it will be: [retention.md](retention.md#a-disk-that-fills-up). For the disk store alone; `0` turns it off.',
	),
	LAYERCACHE_UNREFERENCED_LIMIT: setting(
		'unreferencedLimitBytes',
		'Collecting',
		byteSize.default(1e12),
		'How many bytes of layers one client may push within a day that no manifest of it names, such as `200GB`: more are refused ([retention.md](retention.md#layers-without-a-manifest)). Each process counts for itself; `0` is without a limit.',
		'`1TB`',
	),

	LAYERCACHE_POLICY: setting(
		'policy',
		'Caches',
		z.string().min(1).optional(),
		'The policy file, which says which tags are merged, fall back to others or are protected: [cache-refs.md](cache-refs.md#the-policy-file). It is read again when it changes, and at SIGHUP.',
		'none: every tag is for itself',
	),
	LAYERCACHE_CACHE_IMPORT_LIMIT_BYTES: setting(
		'importLimitBytes',
		'Caches',
		wholeNumber(64 * 1024, 64 * 1024 * 1024).default(1024 * 1024),
		'How large the manifest and the config of a cache may be for BuildKit to import it: 1 MiB each, up to 0.33. Larger caches are cut down to it.',
	),

	LAYERCACHE_AUTH: setting(
		'auth',
		'Authentication',
		choice(['none', 'required']).optional(),
		'Whether clients have to be somebody: [auth.md](auth.md). `none`: anyone who reaches the server may read, push and delete, as far as the policy lets them. `required`: they log in, and the rest is for those whom the policy calls `anyone`.',
		'`none` on the loopback; elsewhere it has to be said',
	),
	LAYERCACHE_AUTH_HTPASSWD: setting(
		'htpasswd',
		'Authentication',
		z.string().min(1).optional(),
		'A file of users, as `htpasswd -B` writes it, with hashes of bcrypt, argon2id or scrypt: [auth.md](auth.md#users). It is read again when it changes, and at SIGHUP.',
		'none: there are no users',
	),
	LAYERCACHE_AUTH_KEY_FILE: setting(
		'authKeyFile',
		'Authentication',
		z.string().min(1).optional(),
		'A file with the keys that sign the tokens of this server, one a line and the newest first, such as `openssl rand -hex 32` prints. All replicas need the same: [auth.md](auth.md#signing-keys). It is read again when it changes.',
		'a key that is drawn at each start',
	),
	LAYERCACHE_AUTH_KEY: setting(
		'authKeys',
		'Authentication',
		severalSecrets(32).optional(),
		'The same keys without a file, with commas between them; each at least 32 characters.',
	),
	LAYERCACHE_AUTH_TOKEN_LIFE: setting(
		'tokenLifeMs',
		'Authentication',
		duration('60s').default(3_600_000),
		'How long a token for access lives. A push that has begun is not cut off at its end.',
		'`1h`',
	),
	LAYERCACHE_AUTH_SESSION_LIFE: setting(
		'sessionLifeMs',
		'Authentication',
		duration('60s').default(30 * dayMs),
		'How long the log-in of a user or of a static token lasts before the password is needed again. It ends at once with the user or the token. That of a job of CI lasts as long as `session` of its issuer says.',
		'`30d`',
	),

	LAYERCACHE_ADMIN_TOKEN: setting(
		'adminToken',
		'Administration',
		secret(16).optional(),
		'Who sends it (`Authorization: Bearer …`) may use the [admin API](api.md) and the dashboard. It is a secret: at least 16 characters, such as `openssl rand -hex 32` prints.',
		'none: only clients on the same machine may, and with `LAYERCACHE_AUTH=required` whom the policy lets',
	),
	LAYERCACHE_METRICS_TOKEN: setting(
		'metricsToken',
		'Administration',
		secret(16).optional(),
		'Who sends it (`Authorization: Bearer …`, or as a password) may read `/metrics`.',
		'none: this machine and administrators may, with `LAYERCACHE_AUTH=none` everybody',
	),

	LAYERCACHE_AUDIT: setting(
		'audit',
		'Audit',
		choice(['on', 'off']).optional(),
		'Whether it is written down who did what, and whether that was allowed: [audit.md](audit.md).',
		'`on` with `LAYERCACHE_AUTH=required` or `LAYERCACHE_AUDIT_FILE`, else `off`',
	),
	LAYERCACHE_AUDIT_FILE: setting(
		'auditFile',
		'Audit',
		z.string().min(1).optional(),
		'A file to which the same lines are appended, beside the store; `-` is standard output. It is opened again at SIGHUP.',
		'none: the store alone',
	),
	LAYERCACHE_AUDIT_KEEP: setting(
		'auditKeepMs',
		'Audit',
		duration('1d')
			.or(z.literal('forever').transform(() => undefined))
			.prefault('90d'),
		'After how long a day of the audit is removed from the store. `forever`: never, or by rules of the bucket.',
		'`90d`',
	),

	LAYERCACHE_LOG: setting(
		'log',
		'Log',
		choice(['json', 'pretty']).optional(),
		'One JSON object a line, or lines for people.',
		'`json`; `pretty` on a terminal',
	),
	LAYERCACHE_LOG_LEVEL: setting(
		'logLevel',
		'Log',
		choice(['debug', 'info', 'warn', 'error']).default('info'),
		'The least important lines that are written.',
	),
} satisfies Record<`LAYERCACHE_${string}`, Setting>;

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
