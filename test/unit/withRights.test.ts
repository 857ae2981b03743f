/** A registry as a caller sees it, beside everything that is inside: each of its methods asks first. */
import test from 'ava';
import {digestOf, type OciError, parseRepositoryName, parseTag, type Tag, type UploadId} from 'oci-spec-types';
import {NotAllowed, type Rights} from '../../src/auth/rights.ts';
import {noPolicy} from '../../src/config/policy.ts';
import {createRefRules} from '../../src/refs/refRules.ts';
import {mayRead, withRights} from '../../src/refs/withRights.ts';
import type {Registry, StoredManifest} from '../../src/registry/registry.ts';

const repo = parseRepositoryName('ci/app');
const digest = digestOf(Buffer.from('one'));
const upload = 'upload' as UploadId;
const tag = parseTag('main');
const body = (async function* () {})();

/** Each method of a registry, called somehow; a method that is new to the interface is missing here, and does not compile. */
const calls: {readonly [M in keyof Registry]: (registry: Registry) => unknown} = {
	statBlob: registry => registry.statBlob(repo, digest),
	statBlobs: registry => registry.statBlobs(repo, [digest]),
	readBlob: registry => registry.readBlob(repo, digest),
	locateBlob: registry => registry.locateBlob(repo, digest),
	locateUpload: registry => registry.locateUpload(repo, upload, digest, 1),
	expectUpload: () => undefined,
	putBlob: registry => registry.putBlob(repo, digest, body),
	mountBlob: registry => registry.mountBlob(repo, digest, parseRepositoryName('ci/other')),
	deleteBlob: registry => registry.deleteBlob(repo, digest),
	startUpload: registry => registry.startUpload(repo),
	uploadSize: registry => registry.uploadSize(repo, upload),
	appendUpload: registry => registry.appendUpload(repo, upload, {body}),
	finishUpload: registry => registry.finishUpload(repo, upload, digest, {body}),
	cancelUpload: registry => registry.cancelUpload(repo, upload),
	getManifest: registry => registry.getManifest(repo, tag),
	putManifest: registry => registry.putManifest(repo, {bytes: Buffer.from('{}')}, {tags: [tag]}),
	deleteManifest: registry => registry.deleteManifest(repo, digest),
	deleteTag: registry => registry.deleteTag(repo, tag),
	readTag: registry => registry.readTag(repo, tag),
	findTags: registry => registry.findTags(repo, {prefix: '', matches: () => true, limit: 1}),
	listTags: registry => Array.fromAsync(registry.listTags(repo)),
	listReferrers: registry => Array.fromAsync(registry.listReferrers(repo, digest)),
	listRepositories: registry => Array.fromAsync(registry.listRepositories()),
};

const no = {allowed: false, reason: 'no'};
const yes = {allowed: true, reason: 'yes'};
const rightsTo = (may: (tag: Tag) => boolean): Rights => ({
	may: (_, __, tag) => (may(tag) ? yes : no),
	mayWithin: () => yes,
	isAdministrator: () => no,
});
const nobody: Rights = {may: () => no, mayWithin: () => no, isAdministrator: () => no};
const rules = createRefRules(() => noPolicy);

const unreachable = (name: string): never => {
	throw new Error(`${name} was asked`);
};
const untouched = new Proxy({} as Registry, {get: (_, name) => () => unreachable(String(name))});
const wrap = (inner: Registry, rights: Rights) => withRights(inner, {rights, rules, pushed: inner, onDenial: () => undefined});

for (const [method, call] of Object.entries(calls)) {
	if (method === 'expectUpload') continue;
	test(`${method} does nothing, and tells nothing, for who has no right at all`, async t => {
		const inner: Registry = {
			...untouched,
			async *listRepositories() {
				yield repo;
			},
			findTags: async (_, {matches}) => (matches(tag) ? unreachable('a tag') : []),
		};
		const answer = await Promise.resolve(call(wrap(inner, nobody))).catch(error => error);
		if (answer instanceof NotAllowed) t.like(answer, {code: 'DENIED', repo, message: 'no'});
		else t.deepEqual(answer, []);
	});
}

test('a mount from where one may not read is an upload, and asks nothing of the store', async t => {
	const other = parseRepositoryName('secret/app');
	const rights: Rights = {...nobody, mayWithin: (_, name) => (name === other ? no : yes)};
	t.false(await wrap(untouched, rights).mountBlob(repo, digest, other));
	await t.throwsAsync(async () => wrap(untouched, rights).mountBlob(repo, digest, repo), {message: 'mountBlob was asked'});
});

test('an answer that is made of a tag which one may not pull is not told, should a wrapper have lost who asks', async t => {
	const made = (...tags: string[]): StoredManifest => ({
		...{digest, mediaType: 'x', bytes: Buffer.from('')},
		derivation: {ways: ['union'], sources: tags.map(each => ({tag: parseTag(each), digest}))},
	});
	const answering = (manifest: StoredManifest) =>
		wrap(
			{...untouched, getManifest: async () => manifest},
			rightsTo(each => each !== 'secret'),
		);
	t.is((await answering(made('main', 'other')).getManifest(repo, tag, 'importer')).digest, digest);
	const error = await t.throwsAsync<OciError>(answering(made('main', 'secret')).getManifest(repo, tag, 'importer'));
	t.is(error?.code, 'MANIFEST_UNKNOWN');
});

test('whoever makes the answer is told which tags may be in it', async t => {
	let told: unknown[] = [];
	const inner: Registry = {
		...untouched,
		async getManifest(_, __, ___, lends) {
			told = ['main', 'secret'].map(each => lends?.(parseTag(each)));
			return {digest, mediaType: 'x', bytes: Buffer.from('')};
		},
	};
	await wrap(
		inner,
		rightsTo(each => each === 'main'),
	).getManifest(repo, tag, 'importer');
	t.deepEqual(told, [true, false]);
});

test('a tag with two dots may be asked for where one of those that it names may be', t => {
	const rights = rightsTo(each => each === 'main');
	t.true(mayRead(rights, repo, parseTag('pr-1..main')).allowed);
	t.true(mayRead(rights, repo, parseTag('main..pr-1')).allowed);
	t.false(mayRead(rights, repo, parseTag('pr-1..pr-2')).allowed);
	t.false(mayRead(rights, repo, parseTag('pr-1')).allowed);
});

test('a look before a push is one only of somebody who may push there', async t => {
	const askers: unknown[] = [];
	const inner = {
		...untouched,
		getManifest: async (...[, , asker]: Parameters<Registry['getManifest']>) => {
			askers.push(asker);
			return {digest, mediaType: 'text/plain', bytes: Buffer.alloc(0)};
		},
		statBlob: async (...[, , asker]: Parameters<Registry['statBlob']>) => {
			askers.push(asker);
			return {digest, size: 1};
		},
	};
	const reader: Rights = {
		may: action => (action === 'pull' ? yes : no),
		mayWithin: action => (action === 'pull' ? yes : no),
		isAdministrator: () => no,
	};
	for (const rights of [reader, rightsTo(() => true)]) {
		const registry = wrap(inner as Registry, rights);
		await registry.getManifest(repo, tag, 'pusher');
		await registry.statBlob(repo, digest, 'pusher');
	}
	await wrap(inner as Registry, reader).getManifest(repo, tag, 'importer');
	t.deepEqual(askers, ['reader', 'reader', 'pusher', 'pusher', 'importer']);
});
