/** What the server asks of its store, and that of S3. */
import type {Instruments} from './instruments.ts';

export type RecordedS3Request = {operation: string; status: number | undefined; seconds: number};
export type RecordedOperation = {operation: string; outcome: string; seconds: number; bytes: number};

export const createStoreMetrics = ({counter, durations}: Instruments) => {
	const operations = counter('layercache_store_operations_total', 'What was asked of the store.', 'operation', 'outcome');
	const operationSeconds = durations('layercache_store_operation_duration_seconds', 'How long the store took.', 'operation');
	const operationBytes = counter('layercache_store_bytes_total', 'Bytes to and from the store.', 'operation');
	const s3Requests = counter(
		'layercache_s3_requests_total',
		'Requests to S3, each attempt for itself; status 0 is no answer.',
		'operation',
		'status',
	);
	const s3Seconds = durations('layercache_s3_request_duration_seconds', 'How long S3 took to begin its answer.', 'operation');

	return {
		recordOperation({operation, outcome, ...done}: RecordedOperation) {
			operations.inc({operation, outcome});
			operationSeconds.observe({operation}, done.seconds);
			if (done.bytes > 0) operationBytes.inc({operation}, done.bytes);
		},

		recordS3Request({operation, status = 0, ...request}: RecordedS3Request) {
			s3Requests.inc({operation, status});
			s3Seconds.observe({operation}, request.seconds);
		},
	};
};
