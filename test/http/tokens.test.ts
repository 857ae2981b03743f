/** Static tokens by the command line, on the store itself and through a server, and by the admin API. */
import test, {type ExecutionContext} from 'ava';
import {createKnownTokens} from '../../src/auth/knownTokens.ts';
import {createElapsed} from '../../src/lib/elapsed.ts';
import {type OperationName, operations} from '../../src/operations/table.ts';
import type {ObjectStore} from '../../src/storage/objectStore.ts';
import {apiOf} from '../support/adminApi.ts';
import {startApp} from '../support/app.ts';
import {json, runCommand} from '../support/commandLine.ts';

const ways = ['the store', 'a server'] as const;

const start = async (t: ExecutionContext, way: (typeof ways)[number]) => {
	const {store, url} = await startApp(t);
	const where = way === 'a server' ? ['--server', url] : [];
	const run = (...args: string[]) => runCommand(['tokens', ...args, ...where], {store});
	/** As a program reads it. */
	const read = async (name: OperationName, ...args: string[]) => {
		const result = await runCommand([...name.split('.'), ...args, '--json', ...where], {store});
		const answer = operations[name].output.safeParse(json(result));
		t.true(answer.success, JSON.stringify(answer.error?.issues));
		return json(result);
	};
	return {store, url, run, read};
};

const whoHolds = async (store: ObjectStore, text: string): Promise<string> => {
	const answer = await createKnownTokens(store, {clock: Date.now, elapsed: createElapsed()}).authenticate(text);
	return 'refused' in answer ? answer.refused : answer.identity.name;
};

for (const way of ways) {
	test(`on ${way}, a token is made, told once, listed and revoked`, async t => {
		const {store, run, read} = await start(t, way);
		const made = await run('create', 'deploy-1');
		t.is(made.code, 0);
		const [text = ''] = made.out.split('\n');
		t.is(await whoHolds(store, text), 'token:deploy-1');
		t.regex(made.out, /the only time that it is shown\. It does not expire/);

		const listed = await run('list');
		t.regex(listed.out, /deploy-1 +in use +by the policy/);
		t.false(listed.out.includes(text.slice(16)));
		t.like(await read('tokens.list'), {tokens: [{name: 'deploy-1', state: 'in use'}]});

		t.regex((await run('revoke', 'deploy-1')).out, /deploy-1 is revoked; every server knows within 30 s/);
		t.is(await whoHolds(store, text), 'the token deploy-1 was revoked');
		t.is((await run('list')).out, 'there are no tokens\n');
		t.like(await read('tokens.list', '--all'), {tokens: [{name: 'deploy-1', state: 'revoked'}]});
	});

	test(`on ${way}, a token may have rights of its own and an end`, async t => {
		const {run, read} = await start(t, way);
		const made = await read('tokens.create', 'reader', '--may', 'pull, push', '--on', 'ci/**:pr-*  team/app:{tag1}', '--expires-in', '90d');
		t.deepEqual(made.token.grants, [{may: ['pull', 'push'], on: ['ci/**:pr-*', 'team/app:{tag1}']}]);
		t.is(Date.parse(made.token.expiresAt) - Date.parse(made.token.createdAt), 90 * 86_400_000);
		t.regex((await run('list')).out, /pull,push on ci\/\*\*:pr-\* team\/app:\{tag1\}/);
	});

	test(`on ${way}, what cannot be made or revoked is told with what to do`, async t => {
		const {run} = await start(t, way);
		await run('create', 'deploy');
		const said = async (...args: string[]) => {
			const result = await run(...args);
			t.not(result.code, 0);
			return result.said;
		};
		t.regex(await said('create', 'deploy'), /there is a token deploy in use already\n.*revoke it first, or take another name/);
		t.regex(await said('create', 'Not A Name'), /name: must be a name of lower-case letters/);
		t.regex(await said('create', 'x', '--may', 'pull'), /--on: goes together with `may`/);
		t.regex(await said('create', 'x', '--may', 'pull,read', '--on', 'ci/**:*'), /--may.*must be of pull, push, delete, protect, admin/);
		t.regex(await said('create', 'x', '--may', 'pull', '--on', 'ci/app'), /--on.*must be a pattern of repositories and one of tags/);
		t.regex(await said('create', 'x', '--expires-in', 'soon'), /--expires-in: must be a duration/);
		t.regex(await said('revoke', 'never'), /no token never is in use/);
	});
}

test('the admin API answers as its document says, and no answer but the first has the text of a token', async t => {
	const {url} = await start(t, 'a server');
	const api = apiOf(t, url);
	const made = await api.send('POST', '/api/v1/tokens/create', {name: 'deploy', may: 'pull', on: 'ci/**:*'});
	t.is(made.status, 200);
	const secret = made.body.text.split('_').slice(2).join('_');
	const answers = [
		await api.get('/api/v1/tokens/list?all=true'),
		await api.send('POST', '/api/v1/tokens/create', {name: 'deploy'}),
		await api.send('POST', '/api/v1/tokens/revoke', {name: 'deploy'}),
		await api.get('/api/v1/audit/list'),
	];
	t.deepEqual(
		answers.map(({status}) => status),
		[200, 400, 200, 200],
	);
	t.false(JSON.stringify(answers).includes(secret));
	t.false(JSON.stringify(answers).includes('secretHash'));
	t.is((await api.send('POST', '/api/v1/tokens/revoke', {name: 'deploy'})).status, 404);
});
