/** Work that takes turns. */
import test from 'ava';
import {createTurns} from '../../src/lib/turns.ts';

test('work under one name runs one after the other, a failure notwithstanding, and names do not wait for each other', async t => {
	const takeTurn = createTurns();
	const events: string[] = [];
	const work =
		(name: string, isBad = false) =>
		async () => {
			events.push(`${name} begins`);
			await new Promise(resolve => setImmediate(resolve));
			events.push(`${name} ends`);
			if (isBad) throw new Error(name);
			return name;
		};
	const first = takeTurn('a', work('first', true));
	const second = takeTurn('a', work('second'));
	const other = takeTurn('b', work('other'));
	await t.throwsAsync(first, {message: 'first'});
	t.deepEqual(await Promise.all([second, other]), ['second', 'other']);
	t.true(events.indexOf('first ends') < events.indexOf('second begins'));
	t.true(events.indexOf('other begins') < events.indexOf('first ends'));
});
