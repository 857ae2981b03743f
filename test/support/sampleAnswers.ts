/** What the operations answer of a registry that has been in use for a while: invented, always the same, and as the schemas want it. */
import type {Operations} from '../../src/operations/operations.ts';
import {type OperationName, type OperationOutput, operations as table} from '../../src/operations/table.ts';
import {prune, retention, status} from './sampleAnswers/collecting.ts';
import {ago, asOf, digest} from './sampleAnswers/drawn.ts';
import {list, show, top} from './sampleAnswers/refs.ts';
import {usage} from './sampleAnswers/usage.ts';

/** Answers by name; `given` instead of the sample's own. Each answer is checked against its schema. */
export const sampleOperations = (given: Partial<{[N in OperationName]: (input: never) => unknown}> = {}): Operations => ({
	async run(name, input) {
		const answer = {...answers, ...given}[name];
		if (!answer) throw new Error(`no sample of ${name}`);
		return table[name].output.parse(answer(input as never)) as never;
	},
});

const answers: Partial<{[N in OperationName]: (input: never) => OperationOutput<N>}> = {
	usage,
	top,
	prune,
	'refs.list': list,
	'refs.show': show,
	'retention.preview': retention,
	'gc.status': status,
	'handovers.list': () => ({
		asOf,
		handovers: [
			{
				repository: 'ci/web',
				tag: 'v1.4',
				digest: digest('v1.4'),
				queuedAt: ago(0.01),
				attempts: 3,
				error: 'registry.example.com did not answer putBlob (ECONNREFUSED): nobody listens there',
			},
		],
		total: 1,
		failing: 1,
	}),
};
