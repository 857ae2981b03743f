/** The races of docs/garbage-collection.md: each goes well, and is lost without the check that it is about. */
import test from 'ava';
import {mutations} from './mutations.ts';
import {looseMs, races} from './races.ts';
import {play} from './world.ts';

for (const {title, without, commands} of races) {
	test(title, async t => {
		const {wrong, trace} = await play(commands(0));
		t.deepEqual(wrong, [], trace.join('\n'));
	});

	test(`${title}: not where ${without}`, async t => {
		const {wrong, trace} = await play(commands(looseMs / 2), {mutation: mutations[without]});
		t.not(wrong.length, 0, trace.join('\n'));
	});
}
