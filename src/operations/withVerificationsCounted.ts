/** What `verify` finds, whoever runs it, is counted for the metrics. */
import type {Metrics} from '../telemetry/metrics.ts';
import type {Operations} from './operations.ts';
import type {OperationOutput} from './table.ts';

/** One that goes on where another was left tells of both: only the end is counted. */
export const withVerificationsCounted = (inner: Operations, {recordVerification}: Pick<Metrics, 'recordVerification'>): Operations => ({
	...inner,
	async run(name, input, context) {
		const answer = await inner.run(name, input, context);
		if (name !== 'verify') return answer;
		const {complete, checked, findings} = answer as OperationOutput<'verify'>;
		if (complete) recordVerification({objects: checked.count, bytes: checked.bytes, findings});
		return answer;
	},
});
