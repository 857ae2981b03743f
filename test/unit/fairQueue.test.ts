import test from 'ava';
import {createFairQueue, QueueFull} from '../../src/lib/fairQueue.ts';

const held = () => {
	const log: string[] = [];
	const ends: (() => void)[] = [];
	const work = (name: string) => () => {
		log.push(name);
		return new Promise<void>(end => ends.push(end));
	};
	const endOne = async () => {
		ends.shift()?.();
		await new Promise(setImmediate);
	};
	return {log, work, endOne};
};

test('no more goes on at once than may', async t => {
	const {log, work, endOne} = held();
	const queue = createFairQueue({parallel: 2, waiting: {each: 10, all: 100}});
	for (const name of ['a', 'b', 'c']) void queue.run(name, work(name));
	t.deepEqual(log, []);
	await new Promise(setImmediate);
	t.deepEqual(log, ['a', 'b']);
	await endOne();
	t.deepEqual(log, ['a', 'b', 'c']);
});

test('one who asks for much waits behind those who ask for little', async t => {
	const {log, work, endOne} = held();
	const queue = createFairQueue({parallel: 1, waiting: {each: 10, all: 100}});
	for (const name of ['many', 'many', 'many', 'many', 'few']) void queue.run(name, work(name));
	for (let round = 0; round < 5; round++) await endOne();
	t.deepEqual(log, ['many', 'many', 'few', 'many', 'many']);
});

test('who has too much in line is told, and nobody else', async t => {
	const {work} = held();
	const queue = createFairQueue({parallel: 1, waiting: {each: 2, all: 4}});
	for (let round = 0; round < 3; round++) void queue.run('many', work('many'));
	await t.throwsAsync(queue.run('many', work('many')), {instanceOf: QueueFull});
	void queue.run('few', work('few'));
	void queue.run('another', work('another'));
	await t.throwsAsync(queue.run('last', work('last')), {instanceOf: QueueFull});
});

test('work that fails makes room as well', async t => {
	const queue = createFairQueue({parallel: 1, waiting: {each: 1, all: 1}});
	await t.throwsAsync(
		queue.run('a', () => Promise.reject(new Error('no'))),
		{message: 'no'},
	);
	t.is(await queue.run('a', async () => 'done'), 'done');
});
