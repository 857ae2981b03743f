import {setImmediate as turn} from 'node:timers/promises';
import test from 'ava';
import {createRemembered} from '../../src/http/dashboard/remembered.ts';
import type {Operations} from '../../src/operations/operations.ts';

/** Each answer is the number of the question, and takes so long. */
const room = (tookMs: number) => {
	const time = {now: 0};
	const asked: string[] = [];
	const operations: Operations = {
		async run(name, input) {
			asked.push(`${name} ${JSON.stringify(input)}`);
			const answer = {number: asked.length};
			time.now += tookMs;
			return answer as never;
		},
	};
	const remembered = createRemembered(operations, () => time.now);
	return {time, asked, forget: remembered.forget, ask: () => remembered.run('usage', {days: 30}) as Promise<unknown>, run: remembered.run};
};

test('what was answered is shown for nineteen times as long as asking took', async t => {
	const {time, asked, ask} = room(100);
	await ask();
	time.now += 1800;
	t.deepEqual(await ask(), {number: 1});
	time.now += 200;
	t.deepEqual(await ask(), {number: 2});
	t.is(asked.length, 2);
});

test('what takes long is shown as it was while it is asked anew, and for no longer than an hour', async t => {
	const {time, asked, ask} = room(10_000);
	await ask();
	time.now += 200_000;
	t.deepEqual(await ask(), {number: 1});
	t.is(asked.length, 2);
	await turn();
	t.deepEqual(await ask(), {number: 2});
	time.now += 3_700_000;
	t.deepEqual(await ask(), {number: 3});
});

test('who asks at the same time asks once, and other questions have other answers', async t => {
	const {asked, ask, run} = room(100);
	t.deepEqual(await Promise.all([ask(), ask()]), [{number: 1}, {number: 1}]);
	await run('usage', {days: 7});
	t.deepEqual(asked, ['usage {"days":30}', 'usage {"days":7}']);
});

test('after a change everything is asked anew', async t => {
	const {ask, forget} = room(100_000);
	await ask();
	forget();
	t.deepEqual(await ask(), {number: 2});
});
