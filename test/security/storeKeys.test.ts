/** Whatever name a request comes with, it reaches the keys and files of its own repository, and no two names meet in one. */
import {join, sep} from 'node:path';
import test from 'ava';
import fc from 'fast-check';
import {OciError, type OciRequest, parseRequest, type RepositoryName} from 'oci-spec-types';
import {digests, repositoryNames, tags, uploadIds} from '../../spec/test/arbitraries.ts';
import {keys, ownPrefix, partsOfKey} from '../../src/registry/keys.ts';
import {fileOf, objectPath} from '../../src/storage/disk/paths.ts';
import {escapePath} from '../../src/storage/s3/escaping.ts';

/** Every key that a request can lead to. */
const keysOf = (request: OciRequest): string[] => {
	if (!('repo' in request)) return [];
	const {repo} = request;
	const found = [keys.blobs(repo), keys.tags(repo), keys.uploads(repo)];
	if ('digest' in request) {
		const {digest} = request;
		const blob = keys.blob(repo, digest);
		found.push(blob, keys.manifest(repo, digest), keys.referrers(repo, digest), keys.typeS3Blob(repo, digest), keys.condemned(repo, blob));
	}
	if ('upload' in request) found.push(keys.chunk(repo, request.upload, 0, 'nonce'), keys.cancelledUpload(repo, request.upload));
	for (const tag of tagsOf(request)) found.push(keys.tag(repo, tag), keys.deletedTag(repo, tag), keys.headsOf(repo, tag));
	return found;
};

const tagsOf = (request: OciRequest) => {
	if (request.kind === 'manifest.put') return request.tags;
	return request.kind === 'tag.delete' ? [request.tag] : [];
};

const climbing = fc.constantFrom(
	...[
		'..',
		'.',
		'%2e%2e',
		'%2E%2e%2f',
		'%252e',
		'..%5c',
		'%5c',
		'%00',
		'%0a',
		'\\',
		'//',
		'/',
		'_blobs',
		'_tags',
		'_gc',
		'%5fblobs',
		'A',
		'a',
	],
	...[
		'~',
		'%7e',
		'con',
		'nul',
		'aux.txt',
		'%c0%ae',
		'\u0130',
		'\u212a',
		'%e2%84%aa',
		'ﬁ',
		'a%cc%81',
		':',
		'%3a',
		';',
		'@bytes',
		'@typed',
		'%25',
	],
	...['sha256:', 'blobs', 'manifests', 'uploads', 'a'.repeat(128), 'a'.repeat(200)],
);
const paths = fc.array(fc.oneof(climbing, repositoryNames, tags, digests, uploadIds), {minLength: 1, maxLength: 7}).chain(parts =>
	fc
		.tuple(fc.constantFrom('/', '', '%2f'), fc.constantFrom('blobs', 'manifests', 'tags', 'blobs/uploads', 'referrers'))
		.map(([glue, marker]) => {
			const last = parts.length > 1 ? parts.pop() : 'list';
			return `/v2/${parts.join(glue)}/${marker}/${last}`;
		}),
);

test('a request that is taken, however it is written, reaches only keys of the repository that it names, and files below the folder', t => {
	let taken = 0;
	fc.assert(
		fc.property(paths, fc.constantFrom('GET', 'PUT', 'DELETE', 'PATCH'), (pathname, method) => {
			const request = parsed(method, pathname);
			if (!request || !('repo' in request)) return;
			taken += 1;
			for (const key of keysOf(request)) {
				if (!key.startsWith(ownPrefix(request.repo))) throw new Error(`${key} is none of ${request.repo}`);
				if (partsOfKey(key)?.repo !== request.repo) throw new Error(`${key} is another's than of ${request.repo}`);
				if (/(?:^|\/)(?:\.{1,2}(?:\/|$)|\/)|[^!-~]|\\/.test(key)) throw new Error(`${key} climbs, or has signs of its own`);
				if (decodeURIComponent(escapePath(key)) !== key) throw new Error(`${key} is another in a URL`);
				const file = fileOf(objectPath('/data/objects', key), 'bytes');
				if (!file.startsWith(`/data/objects${sep}repos${sep}`) || join(file) !== file) throw new Error(`${file} lies elsewhere`);
				if (!/^[a-z0-9/%@._-]+$/.test(file)) throw new Error(`${file} is another on a file system that folds cases`);
			}
		}),
		{numRuns: 20_000},
	);
	t.true(taken > 500, `${taken} were taken`);
});

test('no repository has a key below the prefix of another, though its name begins with that of the other', t => {
	t.notThrows(() =>
		fc.assert(
			fc.property(repositoryNames, repositoryNames, fc.boolean(), digests, (one, other, below, digest) => {
				const second = (below ? `${one}/${other}` : other) as RepositoryName;
				if (second === one) return true;
				return !keys.blob(second, digest).startsWith(ownPrefix(one)) && !keys.blob(one, digest).startsWith(ownPrefix(second));
			}),
		),
	);
});

test('two keys are two files, also where the file system takes capitals for small letters', t => {
	const folded = fc.string({unit: fc.constantFrom(...'aAbB.%_-/é\u0130iI'), minLength: 1, maxLength: 12});
	t.notThrows(() =>
		fc.assert(
			fc.property(folded, folded, (a, b) => {
				const [one, other] = [a, b].map(key => fileOf(objectPath('/data', key), 'bytes').toLowerCase().normalize('NFC'));
				return a === b || one !== other;
			}),
			{numRuns: 20_000},
		),
	);
});

const parsed = (method: string, pathname: string): OciRequest | undefined => {
	try {
		return parseRequest(method, {pathname, search: '', searchParams: new URLSearchParams()});
	} catch (error) {
		if (error instanceof OciError) return undefined;
		throw error;
	}
};
