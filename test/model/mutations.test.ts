/** Whether the model would notice: with any one check of the protocol left out, something is lost soon; with all of them, nothing. */
import test from 'ava';
import fc from 'fast-check';
import {type MutationName, mutations} from './mutations.ts';
import {looseMs, races} from './races.ts';
import {schedule} from './schedules.ts';
import {type Command, play} from './world.ts';

/** A race, a little earlier or later, and whatever else goes on meanwhile. */
const crowded = (commands: (jitterMs: number) => readonly Command[]): fc.Arbitrary<readonly Command[]> =>
	fc
		.tuple(fc.integer({min: 0, max: looseMs}), fc.option(schedule, {freq: 2, nil: []}))
		.map(([jitterMs, others]) => merged(commands(jitterMs), others));

/** By when they begin. */
const merged = (...all: readonly (readonly Command[])[]): readonly Command[] => {
	const timed = all.flatMap(commands => {
		let at = 0;
		return commands.map(command => {
			at += command.after;
			return {at, command};
		});
	});
	timed.sort((a, b) => a.at - b.at);
	return timed.map(({at, command}, index) => ({...command, after: at - (timed[index - 1]?.at ?? 0)}));
};

const holds = (commands: fc.Arbitrary<readonly Command[]>, numRuns: number, without?: MutationName) =>
	fc.check(
		fc.asyncProperty(commands, async given => {
			const {wrong, trace} = await play(given, without && {mutation: mutations[without]});
			if (wrong.length > 0) throw new Error(`${wrong.join('\n')}\n${trace.join('\n')}`);
		}),
		{seed: 6, numRuns, endOnFailure: true},
	);

for (const name of Object.keys(mutations) as MutationName[]) {
	test(`it is noticed where ${name}`, async t => {
		const race = races.find(({without}) => without === name);
		if (!race) return t.fail('there is no race about it');
		const {failed, numRuns} = await holds(crowded(race.commands), 50, name);
		t.true(failed);
		t.log(`after ${numRuns} schedules`);
	});
}

test('all of these races go well with every check in place, whatever else goes on', async t => {
	const any = fc.oneof(...races.map(({commands}) => crowded(commands)));
	const {failed, errorInstance} = await holds(any, 100);
	t.false(failed, String(errorInstance));
});
