/** What `doctor` finds: a line each, and below it what to do. */
import type {Rendering} from './renderings.ts';

export const findings: Rendering<'doctor'> = {
	text: ({findings}, paint) =>
		findings.flatMap(({check, state, fact, advice}) => [
			`${paint(colours[state], titles[state])}  ${check}: ${fact}`,
			...(advice ? [`        -> ${advice}`] : []),
		]),
	outcome: ({ok}) => (ok ? 'ok' : 'no'),
};

const titles = {ok: 'ok    ', note: 'note  ', failed: 'FAILED'} as const;
const colours = {ok: 'green', note: 'yellow', failed: 'red'} as const;
