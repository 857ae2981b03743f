/** Commands on refs, on the store itself and through a server. */
import test from 'ava';
import {parseRepositoryName} from 'oci-spec-types';
import {operations} from '../../src/operations/table.ts';
import {startApp} from '../support/app.ts';
import {cacheOf, importCache, pushCache} from '../support/caches.ts';
import {json, runCommand} from '../support/commandLine.ts';

const repo = parseRepositoryName('ci/app');

for (const way of ['the store', 'a server'] as const) {
	const start = async (t: Parameters<typeof startApp>[0]) => {
		const {client, store, url} = await startApp(t);
		await pushCache(client, repo, 'main', {steps: ['one', 'two']});
		await pushCache(client, repo, 'pr-1', {steps: ['one', 'three']});
		const where = way === 'a server' ? ['--server', url] : [];
		return {client, run: (args: string[], options = {}) => runCommand([...args, ...where], {store, ...options})};
	};

	test(`on ${way}, refs are listed for people and programs`, async t => {
		const {client, run} = await start(t);
		await importCache(client, repo, 'main');
		const people = await run(['refs', 'list']);
		t.is(people.code, 0);
		t.regex(people.out, /REF .*SIZE.*\nci\/app:main .*\nci\/app:pr-1 .*\n\n2 refs/);
		const listed = json(await run(['refs', 'list', '--json', '--tag', 'pr-*']));
		t.true(operations['refs.list'].output.safeParse(listed).success);
		t.like(listed.refs, {length: 1, 0: {repository: 'ci/app', tag: 'pr-1', layers: 2, kind: 'cache', protected: 'no'}});
	});

	test(`on ${way}, one ref is described, and two are compared`, async t => {
		const {run} = await start(t);
		const shown = json(await run(['refs', 'show', 'ci/app:main', '--json']));
		t.true(operations['refs.show'].output.safeParse(shown).success);
		t.is(shown.layers.length, 2);
		t.deepEqual(shown.layers.map((layer: {sharedWith: string[]}) => layer.sharedWith).toSorted(), [[], ['pr-1']]);
		const compared = json(await run(['refs', 'diff', 'ci/app:main', 'ci/app:pr-1', '--json']));
		t.true(operations['refs.diff'].output.safeParse(compared).success);
		t.like(compared.layers, {onlyA: {length: 1}, onlyB: {length: 1}, both: {length: 1}});
		t.regex((await run(['refs', 'show', 'ci/app:main'])).out, /LAYER/);
		t.regex((await run(['refs', 'diff', 'ci/app:main', 'ci/app:pr-1'])).out, /only ci\/app:main: 1 layer/);
	});

	test(`on ${way}, nothing that a builder wrote into a cache reaches the terminal but its text`, async t => {
		const {client, run} = await start(t);
		const cache = cacheOf(['one']);
		const manifest = JSON.parse(Buffer.from(cache.manifest).toString());
		manifest.layers[0].annotations = {'buildkit/description': 'RUN \u001b]0;mine\u0007\u001b[2Jmake\n\u009b31m\u202eall'};
		await client.pushBlob(repo, cache.config);
		t.is((await client.putManifest(repo, 'odd', JSON.stringify(manifest), cache.mediaType)).status, 201);
		const {out} = await run(['refs', 'show', 'ci/app:odd']);
		t.regex(out, /RUN {2}]0;mine {2}\[2Jmake {2}31m all\n/);
		t.notRegex(out, /[^\n\P{Cc}]|\p{Bidi_Control}/u);
	});

	test(`on ${way}, a deletion shows what goes and why, asks, and does it`, async t => {
		const {client, run} = await start(t);
		const declined = await run(['refs', 'delete', 'ci/app:pr-1'], {answer: false});
		t.is(declined.code, 1);
		t.regex(declined.out, /ci\/app:pr-1 .* deleted by name[\s\S]*will be free after \d{4}-/);
		t.regex(declined.asked.join(), /^Delete 1 ref \(.* KiB\)\?$/);
		t.is((await client.get('/v2/ci/app/manifests/pr-1')).status, 200);
		const deleted = await run(['refs', 'delete', 'ci/app:pr-1'], {answer: true});
		t.is(deleted.code, 0);
		t.regex(deleted.out, /deleted: 1 ref/);
		t.is((await client.get('/v2/ci/app/manifests/pr-1')).status, 404);
	});

	test(`on ${way}, what nobody agreed to stays, and a dry run changes nothing`, async t => {
		const {client, run} = await start(t);
		const unasked = await run(['refs', 'delete', 'ci/app:pr-1']);
		t.is(unasked.code, 1);
		t.regex(unasked.said, /no terminal to ask at\n {2}-> add --yes/);
		t.is((await run(['refs', 'delete', 'ci/app:pr-1', '--json'], {answer: true})).code, 1);
		const dry = await run(['refs', 'delete', 'ci/app:pr-1', '--dry-run', '--yes', '--json'], {answer: true});
		t.is(dry.code, 0);
		t.like(json(dry), {dryRun: true, removals: {length: 1}});
		t.is((await client.get('/v2/ci/app/manifests/pr-1')).status, 200);
		t.is((await run(['refs', 'delete', 'ci/app:pr-1', '--yes'])).code, 0);
		t.is((await client.get('/v2/ci/app/manifests/pr-1')).status, 404);
	});

	test(`on ${way}, a ref that was pushed to while somebody read stays`, async t => {
		const {client, run} = await start(t);
		const meanwhile = async () => {
			await pushCache(client, repo, 'pr-1', {steps: ['four']});
		};
		const result = await run(['refs', 'delete', 'ci/app:pr-1'], {answer: true, meanwhile});
		t.is(result.code, 1);
		t.is((await client.get('/v2/ci/app/manifests/pr-1')).status, 200);
	});

	test(`on ${way}, what is protected by hand is deleted by no command and no client`, async t => {
		const {client, run} = await start(t);
		t.regex((await run(['refs', 'protect', 'ci/app:pr-1'])).out, /protected by hand/);
		const kept = await run(['refs', 'delete', 'ci/app:pr-1', '--yes']);
		t.is(kept.code, 1);
		t.regex(kept.out, /STAYS[\s\S]*protected by hand[\s\S]*nothing goes/);
		t.is((await client.delete('/v2/ci/app/manifests/pr-1')).status, 403);
		t.regex((await run(['refs', 'protect', 'ci/app:pr-1', '--off'])).out, /not protected any more/);
		t.is((await run(['refs', 'delete', 'ci/app:pr-1', '--yes'])).code, 0);
		t.is((await client.get('/v2/ci/app/manifests/pr-1')).status, 404);
	});

	test(`on ${way}, refs that are not there, or none, are refused with what to do`, async t => {
		const {run} = await start(t);
		t.like(await run(['refs', 'show', 'ci/app:none']), {
			code: 1,
			said: 'error: there is no ci/app:none\n  -> `layercache refs list` shows what there is\n',
		});
		t.like(await run(['refs', 'show', 'CI:x']), {code: 2});
		t.like(await run(['refs', 'delete', 'ci/app:main', 'ci/app:none', '--yes']), {code: 1});
	});
}
