/** Defences around what is stored, and around documents that are read. */
import type {Mutation} from './mutation.ts';

const stored = 'test/security/storedContent.test.ts';
const foreign = 'test/security/foreignBlobs.test.ts';

export const contentMutations: readonly Mutation[] = [
	{
		threat: 'A page that is pushed as a manifest',
		file: 'src/http/koaApp.ts',
		take: "res.setHeader('Content-Security-Policy', \"default-src 'none'; sandbox\");",
		leave: '',
		test: {
			file: stored,
			title: 'a manifest that is pushed as … is shown in a sandbox, where nothing runs and nothing is the origin of the dashboard',
		},
	},
	{
		threat: 'A blob that a browser takes for something else',
		file: 'src/http/koaApp.ts',
		take: "res.setHeader('X-Content-Type-Options', 'nosniff');",
		leave: '',
		test: {file: stored, title: 'a blob is an octet stream whatever it holds, and no browser may guess otherwise'},
	},
	{
		threat: 'A stored header that makes clients decode',
		file: 'src/storage/s3/signedUrls.ts',
		take: ", 'response-content-encoding': 'identity'",
		leave: '',
		test: {file: stored, title: 'a Content-Encoding that somebody stored with a layer reaches no client, by URL or through the server'},
	},
	{
		threat: 'A push of a digest that sends nothing',
		file: 'src/registry/uploads.ts',
		take: 'if (parts.length === 0 && !isOfNothing(digest)) throw new ObjectMissing(keys.upload(repo, upload));',
		leave: 'if (parts.length === 0) return;',
		test: {file: foreign, title: 'a push that sends nothing of a blob is refused, and gives nothing of it: a closing PUT'},
	},
	{
		threat: 'Other bytes under a digest',
		file: 'src/registry/verified.ts',
		take: "if (actual !== digest) throw new OciError('DIGEST_INVALID', {expected: digest, actual});",
		leave: '',
		test: {file: foreign, title: 'a push that sends nothing of a blob is refused, and gives nothing of it: a push of other bytes'},
	},
	{
		threat: 'The upload of another repository',
		file: 'src/registry/keys.ts',
		take: 'upload: (repo: RepositoryName, upload: UploadId) => `repos/${repo}/${uploadsMarker}${upload}/`,',
		leave: 'upload: (_: RepositoryName, upload: UploadId) => `repos/shared/${uploadsMarker}${upload}/`,',
		test: {
			file: foreign,
			title:
				'a push that sends nothing of a blob is refused, and gives nothing of it: the id of an upload that the other repository has filled',
		},
	},
	{
		threat: 'The blob of another repository, by its digest',
		file: 'src/registry/keys.ts',
		take: 'return `repos/${repo}/_blobs/${digestAlgorithm(digest)}/${hex.slice(0, 2)}/${hex}`;',
		leave: 'return repo && `repos/shared/_blobs/${digestAlgorithm(digest)}/${hex.slice(0, 2)}/${hex}`;',
		test: {file: foreign, title: 'the digest of a blob of another repository is no blob of this one'},
	},
	{
		threat: 'The blob of another repository, by a manifest that names it',
		file: 'src/registry/manifestReferences.ts',
		take: 'if (refused.length > 0) throw missingError(refused);',
		leave: '',
		test: {file: foreign, title: 'a manifest that names a blob of another repository is refused, and so is an index of its manifest'},
	},
	{
		threat: 'Referrers of another repository',
		file: 'src/registry/keys.ts',
		take: 'referrers: (repo: RepositoryName, subject: Digest) => `repos/${repo}/_referrers/',
		leave: 'referrers: (_: RepositoryName, subject: Digest) => `repos/shared/_referrers/',
		test: {
			file: foreign,
			title: 'a manifest whose subject is one of another repository refers to nothing there, and lists nothing from there',
		},
	},
	{
		threat: 'A mount from a name that is none',
		file: 'src/registry/blobs.ts',
		take: 'if (!from) return false;',
		leave:
			"const all = await Array.fromAsync(store.list('repos/'));\n\t\t\tif (!from) return all.some(entry => 'key' in entry && entry.key.includes(digest.slice(7)));",
		test: {file: foreign, title: 'a mount that does not say from where finds nothing, whoever has the blob'},
	},
	{
		threat: 'Other bytes by the URL of an upload',
		file: 'src/storage/s3/signedUrls.ts',
		take: "{'content-length': String(size), 'X-Amz-Content-Sha256': sha256}",
		leave: "{'content-length': String(size), 'X-Amz-Content-Sha256': sha256 && 'UNSIGNED-PAYLOAD'}",
		test: {file: 'test/security/presignedUploads.test.ts', title: 'the URL of an upload is for that method, key, body and time alone'},
	},
	{
		threat: 'Headers added to the URL of an upload, on an S3 that takes them',
		file: 'src/storage/s3/uploadProbe.ts',
		take: 'if (taken.length > 0) throw new Doubt(`takes ${listed(taken)}`, {isUnclear: false});',
		leave: '',
		test: {file: 'test/security/presignedUploads.test.ts', title: 'where S3 takes …, no client gets the URL of an upload'},
	},
	{
		threat: 'The URL of a right that is gone',
		file: 'src/config/settings/serving.ts',
		take: 'wholeNumber(60, 604_800).default(1200),',
		leave: 'wholeNumber(60, 604_800).default(86_400),',
		test: {
			file: 'test/security/presignedUploads.test.ts',
			title: 'a URL outlives the right to what it gives by 20 minutes at most, unless the settings say otherwise',
		},
	},
	{
		threat: 'A manifest of too many bytes',
		file: 'src/http/manifests.ts',
		take: 'return await readAtMost(body, maxManifestBytes);',
		leave: 'return await readAtMost(body, Infinity);',
		test: {
			file: 'test/security/documentBombs.test.ts',
			title: 'a manifest that grows beyond 4 MiB is refused before the rest of it has come, whatever length it says',
		},
	},
	{
		threat: 'Documents in documents, without end',
		file: 'src/cache/cacheConfig.ts',
		take: 'recordsInOrder(config.records);',
		leave: '',
		test: {
			file: 'test/security/documentBombs.test.ts',
			title: 'a cache of … is answered within seconds to whoever pushes and imports it, also united with others',
		},
	},
	{
		threat: 'Input of the admin API without end',
		file: 'src/http/api.ts',
		take: 'const mostInputBytes = 1024 * 1024;',
		leave: 'const mostInputBytes = 1024 * 1024 * 1024;',
		test: {
			file: 'test/security/documentBombs.test.ts',
			title: 'what is sent to the admin API and to the forms of the dashboard is bounded, however deep',
		},
	},
	{
		threat: 'Zip bombs',
		file: 'src/lib/bytes.ts',
		take: '/** Streams of bytes, gathered. */',
		leave: "/** Streams of bytes, gathered. */\nimport {gunzipSync} from 'node:zlib';\n\nexport const unpacked = gunzipSync;",
		test: {file: 'test/security/documentBombs.test.ts', title: 'nothing in the server unpacks what it is given'},
	},
	{
		threat: 'Names that are properties of everything',
		file: 'src/config/policyYaml.ts',
		take: "else if (key.value === '__proto__') problemAt(key.range?.[0] ?? 0, '__proto__ is no name');",
		leave: '',
		test: {file: 'test/security/prototypePollution.test.ts', title: '… in a policy is a name that is not known'},
	},
	{
		threat: 'A server that asks whom a client names',
		file: 'src/http/welcome.ts',
		take: 'const lines = buildLines(url);',
		leave: 'const lines = buildLines(url);\n\tvoid fetch(url).catch(() => undefined);',
		test: {
			file: 'test/security/requestForgery.test.ts',
			title: 'only the rooms that speak to a store, an issuer, an upstream or a server of ours can ask anybody',
		},
	},
	{
		threat: 'One identity with the name of another',
		file: 'src/auth/identity.ts',
		take: '[%#]',
		leave: '%',
		test: {
			file: 'test/security/identityNames.test.ts',
			title: 'two subjects have two names, also where one imitates the name of the other',
		},
	},
	{
		threat: 'Packages that change under us',
		file: 'package.json',
		take: '"koa": "3.3.0"',
		leave: '"koa": "^3.3.0"',
		test: {file: 'test/security/supplyChain.test.ts', title: '… asks for exact versions only, so that an install brings what was tested'},
	},
];
