/** The dashboard of a whole server: what was pushed and imported shows, and what is pruned is gone. */
import test from 'ava';
import {startApp} from '../support/app.ts';
import {describe, imageOf} from '../support/client.ts';
import {until} from '../support/until.ts';

const sameOrigin = (url: string) => ({'Sec-Fetch-Site': 'same-origin', Origin: url, 'Content-Type': 'application/x-www-form-urlencoded'});

test('every page tells of what was pushed, and prune deletes what it has shown', async t => {
	// What was seen of the store is shown for some seconds.
	let elapsed = 0;
	const {client, url} = await startApp(t, {elapsed: () => elapsed});
	const page = async (path: string, status = 200) => {
		elapsed += 60_000;
		const answer = await fetch(url + path);
		const text = await answer.text();
		t.is(answer.status, status, `${path}: ${/<h1>.*?<\/section>/s.exec(text)?.[0]}`);
		return text;
	};

	t.regex(await page('/ui'), /Nothing was pushed yet/);
	const layer = 'x'.repeat(70_000);
	await client.pushBlob('ci/app', layer);
	await client.pushBlob('ci/app', '{}');
	for (const tag of ['main', 'pr-1']) {
		const pushed = await client.putManifest(
			'ci/app',
			tag,
			imageOf(describe('{}', 'application/vnd.oci.image.config.v1+json'), [describe(layer)]),
		);
		t.is(pushed.status, 201);
	}

	t.regex(await page('/ui/refs/ci/app:main'), /68\.4 <span class="unit">KiB/);
	t.regex(await page('/ui/repositories/ci/app'), /href="\/ui\/refs\/ci\/app:pr-1"/);
	for (const path of ['/ui', '/ui/repositories', '/ui/usage', '/ui/retention'])
		t.notRegex(await page(path), /NaN|Infinity|undefined|\[object/, path);
	await page('/ui/refs/ci/app:gone', 404);
	await page('/ui/repositories/ci/gone', 404);

	const preview = await page('/ui/prune?tag=pr-*');
	t.regex(preview, /Delete 1 ref</);
	const [, plan = ''] = /name="plan" value="([^"]+)"/.exec(preview) ?? [];
	const body = new URLSearchParams({tag: 'pr-*', plan}).toString();
	const begun = await fetch(`${url}/ui/prune`, {method: 'POST', body, headers: sameOrigin(url), redirect: 'manual'});
	t.is(begun.status, 303);
	let over = '';
	await until(async () => {
		over = await page(begun.headers.get('location') ?? '');
		return !over.includes('data-running');
	});
	t.regex(over, /1 ref deleted/);
	t.is((await client.get('/v2/ci/app/manifests/pr-1')).status, 404);
	t.is((await client.get('/v2/ci/app/manifests/main')).status, 200);
	t.regex(await page('/ui/prune?tag=pr-*'), /Nothing would go/);
});
