/** What a client says of itself, and haproxy as documented does not hand on. */
import test from 'ava';
import {startHaproxy} from './harness/haproxy.ts';
import {startLayercache} from './harness/layercache.ts';
import {disk} from './harness/storages.ts';

test('a client cannot make layercache believe that it came by TLS', async t => {
	const storage = await disk.create(t);
	const {host} = await startLayercache(t, {storage, env: {LAYERCACHE_HTTP_TRUSTED_PROXIES: '127.0.0.0/8', LAYERCACHE_AUTH: 'none'}});
	const proxy = await startHaproxy(t, [host, host]);
	const headers = {'X-Forwarded-Proto': 'https', 'X-Forwarded-Host': 'elsewhere.example.com'};
	const answer = await fetch(proxy.url, {headers, signal: AbortSignal.timeout(60_000)});
	t.regex(await answer.text(), new RegExp(`layercache, a cache for BuildKit, is at http://${proxy.host}\n`));
});
