/** Documents that are small to send and large to read: all are answered at once, none with a failure of ours. */
import test from 'ava';
import {digestOf, mediaTypes} from 'oci-spec-types';
import {startApp} from '../support/app.ts';
import {type Client, describe, imageOf} from '../support/client.ts';
import {sourceFiles} from '../support/sourceFiles.ts';

const MiB = 1024 * 1024;
const deep = 400_000;
const config = describe('{}', mediaTypes.ociConfig);

/** Each below the 4 MiB that a manifest may have. */
const bombs: Readonly<Record<string, string>> = {
	'four megabytes of brackets': '['.repeat(4 * MiB),
	'lists in lists': `${'['.repeat(deep)}${']'.repeat(deep)}`,
	'objects in objects': `${'{"a":'.repeat(deep)}1${'}'.repeat(deep)}`,
	'a deep list in a field that nobody reads': `{"schemaVersion":2,"config":${JSON.stringify(config)},"layers":[],"x":${'['.repeat(deep)}${']'.repeat(deep)}}`,
	'deep annotations': `{"schemaVersion":2,"config":${JSON.stringify(config)},"layers":[],"annotations":${'{"a":'.repeat(deep)}"b"${'}'.repeat(deep)}}`,
	'a million layers that are none': `{"schemaVersion":2,"config":${JSON.stringify(config)},"layers":[${'0,'.repeat(MiB)}0]}`,
	'a hundred thousand names': `{"schemaVersion":2,"config":${JSON.stringify(config)},"layers":[],${Array.from({length: 100_000}, (_, at) => `"${at}":${at}`).join()}}`,
	'the same name a hundred thousand times': `{"schemaVersion":2,"config":${JSON.stringify(config)},"layers":[],${'"a":1,'.repeat(100_000)}"b":2}`,
	'a number of a million digits': `{"schemaVersion":${'9'.repeat(MiB)}}`,
	'a size beyond all numbers': JSON.stringify(imageOf(config, [{...config, size: 1}])).replace('"size":1', '"size":1e999'),
	'a size below zero': JSON.stringify(imageOf(config, [{...config, size: -1}])),
	'a size that is not whole': JSON.stringify(imageOf(config, [{...config, size: 0.5}])),
	'a string of escapes': `{"schemaVersion":2,"mediaType":"${'\\u0000'.repeat(500_000)}"}`,
	'half a surrogate': `{"schemaVersion":2,"mediaType":"\\ud800"}`,
	'bytes that are no UTF-8': '{"schemaVersion":2,"x":"\xff\xfe"}',
	'a byte order mark': '\ufeff{"schemaVersion":2}',
};

for (const [what, text] of Object.entries(bombs)) {
	test(`a manifest of ${what} is answered within seconds, and not by a failure`, async t => {
		const {client, log} = await startApp(t);
		await client.pushBlob('ci/app', '{}');
		const startedAt = performance.now();
		for (const mediaType of [mediaTypes.ociManifest, mediaTypes.ociIndex, 'application/json']) {
			const {status} = await client.putManifest('ci/app', 'main', Buffer.from(text, what.includes('UTF-8') ? 'latin1' : 'utf8'), mediaType);
			t.true(status === 201 || status === 400, `${mediaType}: ${status}`);
			t.true((await client.get('/v2/ci/app/manifests/main', importer)).status < 500);
		}
		t.true(performance.now() - startedAt < 20_000);
		t.false(log.some(line => line.level === 'error'));
	});
}

test('a manifest that grows beyond 4 MiB is refused before the rest of it has come, whatever length it says', async t => {
	const {client} = await startApp(t);
	let sent = 0;
	const body = async function* () {
		for (; sent < 64; sent += 1) yield Buffer.alloc(MiB, ' ');
	};
	const headers = {'Content-Type': mediaTypes.ociManifest};
	t.is((await client.request('PUT', '/v2/ci/app/manifests/main', {headers, body: body()})).status, 413);
	t.true(sent < 64, 'all of it was read');
});

const importer = {'User-Agent': 'buildkit/v0.33', Accept: `${mediaTypes.ociManifest}, ${mediaTypes.ociIndex}, */*`};
const step = (name: string) => digestOf(Buffer.from(name));
const layer = describe('layer');

/** Steps that need one another in more ways than anyone could walk. */
const ladder = (rungs: number) =>
	Array.from({length: rungs}, (_, at) => ({
		digest: step(String(at)),
		layers: [{layer: 0}],
		...(at > 0 && {inputs: Array.from({length: 8}, () => Array.from({length: 8}, () => ({link: at - 1})))}),
	}));

const configs: Readonly<Record<string, unknown>> = {
	'a layer that lies on itself': {layers: [{blob: layer.digest, parent: 0}], records: []},
	'steps that need one another': {
		layers: [{blob: layer.digest, parent: -1}],
		records: [
			{digest: step('a'), inputs: [[{link: 1}]]},
			{digest: step('b'), inputs: [[{link: 0}]]},
		],
	},
	'steps that can be met in 64 ways each, on one another': {layers: [{blob: layer.digest, parent: -1}], records: ladder(1000)},
	'a hundred thousand layers, each on the one before': {
		layers: Array.from({length: 100_000}, (_, at) => ({blob: layer.digest, parent: at - 1})),
		records: [{digest: step('a'), layers: [{layer: 99_999}]}],
	},
	'indexes that are no places': {
		layers: [{blob: layer.digest, parent: -1}],
		records: [
			{
				digest: step('a'),
				layers: [{layer: -1}, {layer: 1e308}, {layer: 0.5}, {layer: '__proto__'}],
				inputs: [[{link: 'constructor'}], [], null],
			},
		],
	},
	'nothing that is a cache': {layers: {length: 1e9}, records: {length: 1e9}},
};

for (const [what, document] of Object.entries(configs)) {
	test(`a cache of ${what} is answered within seconds to whoever pushes and imports it, also united with others`, async t => {
		const policy = 'refs:\n  - match: "ci/app:main"\n    onPush: merge\n  - match: "ci/app:all"\n    union: [main, good]\n';
		const {client, log} = await startApp(t, {policy});
		const bytes = Buffer.from(JSON.stringify(document));
		for (const blob of [bytes, 'layer']) await client.pushBlob('ci/app', blob);
		const startedAt = performance.now();
		t.true((await push(client, 'main', bytes)).status < 500);
		t.true((await push(client, 'main', Buffer.from(`${bytes} `))).status < 500);
		for (const tag of ['main', 'all']) t.true((await client.get(`/v2/ci/app/manifests/${tag}`, importer)).status < 500, tag);
		t.true(performance.now() - startedAt < 20_000);
		t.false(log.some(line => line.level === 'error'));
	});
}

const push = async (client: Client, tag: string, bytes: Buffer) => {
	await client.pushBlob('ci/app', bytes);
	return client.putManifest('ci/app', tag, imageOf(describe(bytes, 'application/vnd.buildkit.cacheconfig.v0'), [layer]));
};

test('what is sent to the admin API and to the forms of the dashboard is bounded, however deep', async t => {
	const {client} = await startApp(t);
	const headers = {'Content-Type': 'application/json'};
	const deepList = `${'['.repeat(deep)}${']'.repeat(deep)}`;
	for (const body of [deepList, `{"dryRun":${deepList}}`, `{${'"a":1,'.repeat(100_000)}"b":1}`, '"', '9'.repeat(500_000)]) {
		const answer = await client.request('POST', '/api/v1/prune', {headers, body});
		t.true(answer.status >= 400 && answer.status < 500, `${body.slice(0, 20)}: ${answer.status} ${answer.text.slice(0, 200)}`);
		t.true(answer.text.length < 5000);
	}
	t.is((await client.request('POST', '/api/v1/prune', {headers, body: ' '.repeat(2 * MiB)})).status, 413);
});

test('nothing in the server unpacks what it is given', async t => {
	const sources = await sourceFiles('src', 'spec/src');
	const unpacking = /gunzip|inflate|unzip|brotliDecompress|zstdDecompress|createUnzip|DecompressionStream/i;
	t.deepEqual(
		sources.filter(({text}) => unpacking.test(text)).map(({path}) => path),
		[],
	);
	t.true(sources.length > 200);
});
