/** What happens between BuildKit's question for a tag and its question for what that names: its replica dies, a source is pushed anew. */
import {createServer, request as forward} from 'node:http';
import {pipeline} from 'node:stream/promises';
import test from 'ava';
import {listenOnLoopback} from '../support/loopback.ts';
import {cacheBuild, fromRegistry} from './harness/cacheBuild.ts';
import {createContext, lastStep} from './harness/context.ts';
import {startLayercache} from './harness/layercache.ts';
import {policySetting} from './harness/policy.ts';
import type {RegistryServer} from './harness/registryServer.ts';
import type {Scope} from './harness/scope.ts';
import {minio} from './harness/storages.ts';

const storages = minio(test);
const policy = 'refs: [{match: "team/app:everything", union: ["branch-*"]}]';

test('a replica that dies between HEAD and GET, and a source that moves between them, cost an import nothing', async t => {
	t.timeout(240_000);
	const storage = await storages.create(t);
	const env = await policySetting(t, policy);
	const [first, second] = await Promise.all([startLayercache(t, {storage, env}), startLayercache(t, {storage, env})]);
	const context = await createContext(t, {bigBytes: 4_000_000});
	const exported = (server: RegistryServer, tag: string) => [`type=registry,ref=${server.host}/team/app:${tag},mode=max`];
	for (const edition of [1, 2]) {
		await context.writeSource(edition);
		await (await cacheBuild(t, {context, cacheTo: exported(first, `branch-${edition}`)})).builder.stop();
	}
	// Kept for later, since what moves the source must be pushed in a moment.
	await context.writeSource(3);
	const {builder} = await cacheBuild(t, {context, cacheTo: exported(first, 'kept')});
	await builder.stop();
	const moved = await fetch(`${first.url}/v2/team/app/manifests/kept`);
	const [type, body] = [moved.headers.get('Content-Type') ?? '', await moved.arrayBuffer()];

	const changes: string[] = [];
	const front = await startSwitch(t, {
		before: first,
		after: second,
		async change() {
			await first.kill9();
			const {status} = await fetch(`${second.url}/v2/team/app/manifests/branch-1`, {method: 'PUT', headers: {'Content-Type': type}, body});
			changes.push(`killed, and PUT ${status}`);
		},
	});
	await context.writeSource(1);
	const imported = await cacheBuild(t, {context, cacheFrom: fromRegistry(`${front}/team/app:everything`)});
	t.deepEqual(changes, ['killed, and PUT 201']);
	t.deepEqual(imported.ran, []);
	await imported.builder.stop();

	// The next one gets what the source has now.
	await context.writeSource(3);
	t.deepEqual((await cacheBuild(t, {context, cacheFrom: fromRegistry(`${second.host}/team/app:everything`)})).ran, []);
	await context.writeSource(1);
	t.deepEqual((await cacheBuild(t, {context, cacheFrom: fromRegistry(`${second.host}/team/app:everything`)})).ran, lastStep);
});

type Switch = {before: RegistryServer; after: RegistryServer; change: () => Promise<void>};

/** A proxy that answers from one server up to the HEAD of the tag, then lets the change happen, then answers from the other. Its host, as it stands in a ref. */
const startSwitch = async (scope: Scope, {before, after, change}: Switch): Promise<string> => {
	let changed: Promise<void> | undefined;
	const server = createServer(async (request, response) => {
		const {method = '', url = '', headers} = request;
		await changed;
		const {hostname, port} = new URL((changed ? after : before).url);
		const onward = forward({hostname, port, method, path: url, headers}, async answer => {
			if (method === 'HEAD' && url.endsWith('/manifests/everything')) {
				changed ??= change();
				await changed;
			}
			response.writeHead(answer.statusCode ?? 0, answer.rawHeaders);
			pipeline(answer, response).catch(() => response.destroy());
		});
		onward.on('error', () => response.destroy());
		pipeline(request, onward).catch(() => response.destroy());
	});
	return new URL(await listenOnLoopback(scope, server)).host;
};
