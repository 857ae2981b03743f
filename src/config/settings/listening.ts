/** Settings: where and how the server listens, and what it takes at once. */
import {availableParallelism} from 'node:os';
import {z} from 'zod';
import {addressRanges, choice, originUrl, wholeNumber} from '../settingValues.ts';
import {type SettingsTable, settingIn} from './setting.ts';

const mostWorkers = 128;
const setting = settingIn('Listening');

export const listeningSettings = {
	LAYERCACHE_HOST: setting(
		'host',
		z.string().min(1).default('127.0.0.1'),
		'The address to listen on. `0.0.0.0` is every interface. Where others than this machine reach it, `LAYERCACHE_AUTH` has to be set.',
	),
	LAYERCACHE_PORT: setting('port', wholeNumber(0, 65535).default(5000), 'The port to listen on; 0 takes a free one.'),
	LAYERCACHE_PUBLIC_URL: setting(
		'publicUrl',
		originUrl.optional(),
		'How clients reach the registry, where proxies hide it; shown in the lines to paste.',
		'from the request',
	),
	LAYERCACHE_HTTP_TRUSTED_PROXIES: setting(
		'trustedProxies',
		addressRanges.default([]),
		'Addresses or CIDR ranges, with commas between them, of the proxies whose `X-Forwarded-For`, `-Proto` and `-Host` are believed.',
		'none',
	),
	LAYERCACHE_TLS_CERT: setting(
		'tlsCert',
		z.string().min(1).optional(),
		'The file of the certificate, in PEM, with those of the authorities between behind it; with it the port speaks TLS: [auth.md](auth.md#tls). It and the key are read again when they change, and at SIGHUP.',
		'none: plain HTTP',
	),
	LAYERCACHE_TLS_KEY: setting(
		'tlsKey',
		z.string().min(1).optional(),
		'The file of its private key, in PEM, without a passphrase.',
		'needed with a certificate',
	),
	LAYERCACHE_TLS_MIN_VERSION: setting(
		'tlsMinVersion',
		choice(['1.2', '1.3'])
			.default('1.2')
			.transform(version => `TLSv${version}` as const),
		'The oldest version of TLS that is spoken: `1.2` or `1.3`.',
		'`1.2`',
	),
	LAYERCACHE_TLS_REDIRECT_PORT: setting(
		'tlsRedirectPort',
		wholeNumber(0, 65535).optional(),
		'A second port, for plain HTTP, which sends whoever reads to https and takes nothing else.',
		'none: plain HTTP is not served beside TLS',
	),
	LAYERCACHE_HTTP_IDLE_SECONDS: setting(
		'idleSeconds',
		wholeNumber(1, 86_400).default(3600),
		'A connection on which nothing moves for this long is closed, also while the store works on its request. BuildKit may open an upload long before its layer is there.',
	),
	LAYERCACHE_HTTP_HEADER_SECONDS: setting(
		'headerSeconds',
		wholeNumber(1, 86_400).default(30),
		'The headers of a request are all there within this time after the first of them, or its connection is closed. Connections that are silent are not meant.',
	),
	LAYERCACHE_HTTP_CONNECTIONS: setting(
		'connections',
		wholeNumber(16, 1_000_000).default(4096),
		'How many connections clients may have open. When there are as many, the one that was idle for longest makes way for a new one. This and the next four are for each process.',
	),
	LAYERCACHE_HTTP_CONNECTIONS_PER_ADDRESS: setting(
		'connectionsPerAddress',
		wholeNumber(4, 1_000_000).default(2048),
		'The same for one address; trusted proxies are not meant. BuildKit opens up to five for each export or import.',
	),
	LAYERCACHE_HTTP_REQUESTS: setting(
		'requestsAtOnce',
		wholeNumber(4, 100_000).default(256),
		'How many requests are worked on at once; others wait, and those who ask share the turns fairly. Bodies that come or go are not meant.',
	),
	LAYERCACHE_HTTP_UPLOADS: setting(
		'uploadsAtOnce',
		wholeNumber(4, 100_000).default(512),
		'How many bodies of blobs are taken in at once; others wait, and those who send share the places fairly.',
	),
	LAYERCACHE_HTTP_DOWNLOADS: setting(
		'downloadsAtOnce',
		wholeNumber(4, 100_000).default(16),
		'How many blobs are streamed to clients at once; others wait, and those who read share the places fairly. Each takes some 1.2 MiB: more of them where many builders read over slow lines and nothing is redirected.',
	),
	LAYERCACHE_DRAIN_SECONDS: setting(
		'drainSeconds',
		wholeNumber(0, 86_400).default(300),
		'After SIGTERM, how long requests under way may take to end. Kubernetes must allow as much in `terminationGracePeriodSeconds`.',
	),
	LAYERCACHE_WORKERS: setting(
		'workers',
		z
			.string()
			.transform(text => (text === 'auto' ? String(Math.min(availableParallelism(), mostWorkers)) : text))
			.pipe(wholeNumber(1, mostWorkers))
			.default(1),
		'How many processes serve the port; `auto` is one for each core. They share the memory for uploads: operations.md says what each takes besides.',
	),
} satisfies SettingsTable;
