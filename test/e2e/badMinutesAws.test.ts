/** A real BuildKit's caches in a bucket that is as strict as AWS: sessions that end, a clock that differs, one way to sign and no second. */

import {rename, writeFile} from 'node:fs/promises';
import {createServer, request as forward} from 'node:http';
import {join} from 'node:path';
import {env} from 'node:process';
import {pipeline} from 'node:stream/promises';
import test, {type ExecutionContext} from 'ava';
import {listenOnLoopback} from '../support/loopback.ts';
import {buildByBuildctl} from './harness/build.ts';
import {type Buildkitd, startBuildkitd} from './harness/buildkitd.ts';
import {cacheBuild, fromRegistry} from './harness/cacheBuild.ts';
import {createContext, lastStep} from './harness/context.ts';
import {type AwsProxy, claimedKey, type Session, startAwsProxy} from './harness/faultProxyAws.ts';
import {to} from './harness/faultProxyPlans.ts';
import {startLayercache} from './harness/layercache.ts';
import {logIn} from './harness/logIn.ts';
import {startMinio} from './harness/minio.ts';
import {cacheLayers, getBlob, getManifest, sha256} from './harness/registryClient.ts';
import type {Storage} from './harness/registryServer.ts';
import {fileScope} from './harness/scope.ts';
import {temporaryFolder} from './harness/temporaryFolder.ts';
import {whenAsked} from './harness/whenAsked.ts';
import {readWholeBucket} from './harness/wholeBucket.ts';

const rounds = Number(env.FAULT_ROUNDS ?? 1);
const bigBytes = 18_000_000;
const hour = 3600;

const scope = fileScope(test);
const started = whenAsked(() => startMinio(scope));

const setUp = async (t: ExecutionContext) => {
	t.timeout(240_000);
	const minio = await started();
	const direct = {kind: 's3', server: minio, bucket: await minio.createBucket()} as const;
	const aws = await startAwsProxy(t, minio);
	return {
		aws,
		storage: {...direct, server: aws.server} satisfies Storage,
		async assertNothingWrong() {
			const {wrong, read} = await readWholeBucket(direct, 'team/app');
			t.deepEqual(wrong, []);
			return read;
		},
	};
};

const environmentOf = ({accessKeyId, secretAccessKey, sessionToken}: Session): NodeJS.ProcessEnv => ({
	AWS_ACCESS_KEY_ID: accessKeyId,
	AWS_SECRET_ACCESS_KEY: secretAccessKey,
	AWS_SESSION_TOKEN: sessionToken,
});

/** A profile whose credentials come from a program, as those of a role or of a company's own tool do. */
const renewable = async (t: ExecutionContext) => {
	const folder = await temporaryFolder(t, 'aws');
	const [config, answer] = [join(folder, 'config'), join(folder, 'answer.json')];
	await writeFile(config, `[profile cache]\ncredential_process = cat ${answer}\n`);
	return {
		env: {AWS_ACCESS_KEY_ID: undefined, AWS_SECRET_ACCESS_KEY: undefined, AWS_PROFILE: 'cache', AWS_CONFIG_FILE: config},
		async give(session: Session, announcedSeconds: number) {
			const {accessKeyId, secretAccessKey, sessionToken} = session;
			const document = {
				Version: 1,
				AccessKeyId: accessKeyId,
				SecretAccessKey: secretAccessKey,
				SessionToken: sessionToken,
				Expiration: new Date(Date.now() + announcedSeconds * 1000).toISOString(),
			};
			await writeFile(answer, JSON.stringify(document));
		},
	};
};

/** A profile whose credentials stand in a file that something else rewrites, without a word of when they end. */
const inFile = async (t: ExecutionContext) => {
	const folder = await temporaryFolder(t, 'aws');
	const file = join(folder, 'credentials');
	return {
		env: {AWS_ACCESS_KEY_ID: undefined, AWS_SECRET_ACCESS_KEY: undefined, AWS_PROFILE: 'cache', AWS_SHARED_CREDENTIALS_FILE: file},
		async give({accessKeyId, secretAccessKey, sessionToken}: Session) {
			const lines = [
				`aws_access_key_id = ${accessKeyId}`,
				`aws_secret_access_key = ${secretAccessKey}`,
				`aws_session_token = ${sessionToken}`,
			];
			// Whole at once, as a careful program does it.
			await writeFile(`${file}.new`, ['[cache]', ...lines, ''].join('\n'));
			await rename(`${file}.new`, file);
		},
	};
};

const exportAndImport = async (
	t: ExecutionContext,
	host: string,
	startBuilder: (t: ExecutionContext) => Promise<Buildkitd> = startBuildkitd,
) => {
	const context = await createContext(t, {bigBytes});
	const ref = `${host}/team/app:cache`;
	const exported = await cacheBuild(t, {context, builder: await startBuilder(t), cacheTo: [`type=registry,ref=${ref},mode=max`]});
	await context.writeSource(2);
	const imported = await cacheBuild(t, {context, builder: await startBuilder(t), cacheFrom: fromRegistry(ref)});
	t.deepEqual(imported.ran, lastStep, imported.log);
	t.is(imported.packed, exported.packed.replace('edition 1', 'edition 2'));
};

const keysOf = ({proxy}: AwsProxy) => new Set(proxy.seen.map(claimedKey));
const bigLayer = async (registry: Parameters<typeof getManifest>[0]) => {
	const layer = cacheLayers(await getManifest(registry, 'team/app', 'cache')).find(({size}) => size > bigBytes);
	if (!layer) throw new Error('there is no big layer');
	return layer;
};

for (let round = 1; round <= rounds; round += 1) {
	const suffix = rounds > 1 ? `, round ${round}` : '';

	for (const [title, leadSeconds] of [
		['behind', hour],
		['ahead of', -hour],
	] as const) {
		test(`a clock that is an hour ${title} S3's keeps neither exports nor imports from working${suffix}`, async t => {
			const {aws, storage, assertNothingWrong} = await setUp(t);
			aws.leadSeconds = leadSeconds;
			const registry = await startLayercache(t, {storage, env: environmentOf(aws.issue(hour))});
			t.true(aws.refusals.includes('RequestTimeTooSkewed'));
			await exportAndImport(t, registry.host);
			// By URL, which is dated by S3's clock too.
			const {digest} = await bigLayer(registry);
			const answer = await getBlob(registry, 'team/app', digest);
			t.is(answer.status, 307);
			const bytes = await (await fetch(answer.headers.get('Location') ?? '')).arrayBuffer();
			t.is(sha256(Buffer.from(bytes)), digest);
			t.true((await assertNothingWrong()) >= 5);
		});
	}

	test(`a session that is renewed in the middle of a push is followed by the next one${suffix}`, async t => {
		const {aws, storage, assertNothingWrong} = await setUp(t);
		const profile = await renewable(t);
		const [first, second] = [aws.issue(hour), aws.issue(hour)];
		await profile.give(first, 240);
		const registry = await startLayercache(t, {storage, env: profile.env});
		const triedOut = aws.refusals.length;
		let renewed: Promise<void> | undefined;
		aws.proxy.faults = request => {
			// The layers are on their way. What the program gives next is another session, and the first one has little time left.
			if (to('PutObject', 'CreateMultipartUpload')(request) && request.key.includes('/_blobs/')) renewed ??= profile.give(second, hour);
			if (claimedKey(request) === second.accessKeyId) first.endsAt = Math.min(first.endsAt, Date.now() + 500);
			return undefined;
		};
		await exportAndImport(t, registry.host);
		await renewed;
		t.deepEqual(aws.refusals.slice(triedOut), []);
		t.deepEqual([...keysOf(aws)], [first.accessKeyId, second.accessKeyId]);
		t.true(first.endsAt < Date.now());
		t.true((await assertNothingWrong()) >= 5);
	});

	for (const [title, profileOf] of [
		['a program', renewable],
		['a file', inFile],
	] as const) {
		test(`a session from ${title} that S3 ends before its time is followed by the next one${suffix}`, async t => {
			const {aws, storage, assertNothingWrong} = await setUp(t);
			const profile = await profileOf(t);
			const [first, second] = [aws.issue(hour), aws.issue(hour)];
			await profile.give(first, hour);
			const registry = await startLayercache(t, {storage, env: profile.env});
			let ending: Promise<void> | undefined;
			aws.proxy.faults = request => {
				if (to('UploadPart')(request))
					ending ??= profile.give(second, hour).then(() => {
						first.endsAt = Date.now();
					});
				return undefined;
			};
			await exportAndImport(t, registry.host);
			await ending;
			t.true(aws.refusals.includes('ExpiredToken'));
			t.deepEqual([...keysOf(aws)].slice(-1), [second.accessKeyId]);
			t.true((await assertNothingWrong()) >= 5);
		});
	}

	test(`a session that ends in the middle of a push, and is not renewed, fails it with the cause in the log${suffix}`, async t => {
		const {aws, storage, assertNothingWrong} = await setUp(t);
		const session = aws.issue(hour);
		const registry = await startLayercache(t, {storage, env: environmentOf(session)});
		aws.proxy.faults = request => {
			if (to('UploadPart')(request)) session.endsAt = Date.now();
			return undefined;
		};
		const [context, builder] = [await createContext(t, {bigBytes}), await startBuildkitd(t)];
		const failed = await buildByBuildctl(builder, {
			context: context.folder,
			cacheTo: [`type=registry,ref=${registry.host}/team/app:cache,mode=max`],
		});
		t.not(failed.exitCode, 0);
		t.regex(failed.log, /503 Service Unavailable|the store of this registry cannot be reached just now; its log says more/);
		const log = await registry.log();
		t.regex(log, /400 ExpiredToken.*the session has expired.*AWS_ACCESS_KEY_ID/);
		t.false(log.includes(session.secretAccessKey) || log.includes(session.sessionToken));
		await assertNothingWrong();

		const healthy = await startLayercache(t, {storage, env: environmentOf(aws.issue(hour))});
		await exportAndImport(t, healthy.host);
		t.true((await assertNothingWrong()) >= 5);
	});

	test(`a download URL is given out only while the session lasts for a download, and ends with it${suffix}`, async t => {
		const {aws, storage} = await setUp(t);
		const profile = await renewable(t);
		const session = aws.issue(hour);
		await profile.give(session, hour);
		const registry = await startLayercache(t, {storage, env: profile.env});
		await exportAndImport(t, registry.host);
		const {digest} = await bigLayer(registry);
		const long = await getBlob(registry, 'team/app', digest);
		t.is(long.status, 307);
		const url = long.headers.get('Location') ?? '';
		t.is((await fetch(url)).status, 200);

		// Less than half of the 20 minutes that a URL lives.
		const short = aws.issue(500);
		await profile.give(short, 500);
		const other = await startLayercache(t, {storage, env: profile.env});
		const streamed = await getBlob(other, 'team/app', digest);
		t.is(streamed.status, 200);
		t.is(sha256(Buffer.from(await streamed.arrayBuffer())), digest);
		const builder = await startBuildkitd(t);
		const context = await createContext(t, {bigBytes});
		const {exitCode, log} = await buildByBuildctl(builder, {
			context: context.folder,
			cacheFrom: fromRegistry(`${other.host}/team/app:cache`),
		});
		t.is(exitCode, 0, log);

		session.endsAt = Date.now();
		const dead = await fetch(url);
		t.is(dead.status, 400);
		t.regex(await dead.text(), /ExpiredToken/);
	});

	test(`a builder that must sign in is not sent to a bucket of the same host name with its Authorization${suffix}`, async t => {
		const {aws, storage, assertNothingWrong} = await setUp(t);
		const registry = await startLayercache(t, {storage, env: environmentOf(aws.issue(hour))});
		const front = await startBasicAuth(t, registry.url);
		await exportAndImport(t, front.host, loggedInAt(front.host));
		t.true((await assertNothingWrong()) >= 5);
		t.deepEqual(
			aws.proxy.seen.filter(({query, headers}) => query.has('X-Amz-Signature') && headers.authorization),
			[],
		);

		// What would have come of it.
		const {digest} = await bigLayer(registry);
		const url = (await getBlob(registry, 'team/app', digest)).headers.get('Location') ?? '';
		t.is((await fetch(url)).status, 200);
		const refused = await fetch(url, {headers: {Authorization: basic}});
		t.is(refused.status, 400);
		t.regex(await refused.text(), /Only one auth mechanism allowed/);
	});

	test(`where a proxy in front takes the Authorization away, the build fails and names what S3 said${suffix}`, async t => {
		const {aws, storage, assertNothingWrong} = await setUp(t);
		const registry = await startLayercache(t, {storage, env: environmentOf(aws.issue(hour))});
		const triedOut = aws.refusals.length;
		const front = await startBasicAuth(t, registry.url, {takesItAway: true});
		const startBuilder = loggedInAt(front.host);
		const context = await createContext(t, {bigBytes});
		const ref = `${front.host}/team/app:cache`;
		await cacheBuild(t, {context, builder: await startBuilder(t), cacheTo: [`type=registry,ref=${ref},mode=max`]});
		await context.writeSource(2);
		const builder = await startBuilder(t);
		const failed = await buildByBuildctl(builder, {
			context: context.folder,
			cacheFrom: fromRegistry(ref),
			outputs: [`type=local,dest=${await temporaryFolder(t, 'files')}`],
		});
		t.not(failed.exitCode, 0);
		t.regex(failed.log, /400 Bad Request/);
		t.deepEqual([...new Set(aws.refusals.slice(triedOut))], ['InvalidArgument']);
		t.true((await assertNothingWrong()) >= 5);
	});
}

const account = {name: 'builder', password: 'secret'};
const basic = `Basic ${Buffer.from(`${account.name}:${account.password}`).toString('base64')}`;

/** A proxy that asks for a password, as administrators put before registries. */
const startBasicAuth = async (t: ExecutionContext, target: string, {takesItAway = false} = {}) => {
	const {hostname, port} = new URL(target);
	const server = createServer((request, response) => {
		const {authorization, ...kept} = request.headers;
		if (authorization !== basic) {
			request.resume();
			response.writeHead(401, {'WWW-Authenticate': 'Basic realm="cache"'}).end();
			return;
		}
		const headers = takesItAway ? kept : request.headers;
		const onward = forward({hostname, port, method: request.method, path: request.url, headers}, answer => {
			response.writeHead(answer.statusCode ?? 0, answer.rawHeaders);
			pipeline(answer, response).catch(() => response.destroy());
		});
		pipeline(request, onward).catch(() => response.destroy());
	});
	return {host: new URL(await listenOnLoopback(t, server)).host};
};

const loggedInAt = (host: string) => async (t: ExecutionContext) => {
	const builder = await startBuildkitd(t);
	await logIn(builder, host, account.password, account.name);
	return builder;
};
