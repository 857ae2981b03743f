/** What a piece of work costs at S3. */
import type {S3Double} from './s3Double.ts';

/** The answer of `work`, and how often each operation was asked for it. */
export const costOf = async <T>(double: S3Double, work: () => Promise<T>): Promise<{result: T; counts: Record<string, number>}> => {
	double.requests.length = 0;
	const result = await work();
	const counts: Record<string, number> = {};
	for (const {operation} of double.requests) counts[operation] = (counts[operation] ?? 0) + 1;
	return {result, counts};
};
