/** Maps an async sequence with a bounded number of calls under way, keeping its order. */
export async function* mapInOrder<T, R>(
	items: AsyncIterable<T> | Iterable<T>,
	limit: number,
	map: (item: T) => Promise<R>,
): AsyncGenerator<R> {
	const underWay: Promise<R>[] = [];
	try {
		for await (const item of items) {
			const answer = map(item);
			// It may fail while an earlier one is awaited, or after whoever reads stopped; it is thrown when its turn comes.
			answer.catch(() => undefined);
			underWay.push(answer);
			if (underWay.length >= limit) yield (await underWay.shift()) as R;
		}
		for (let next = underWay.shift(); next; next = underWay.shift()) yield await next;
	} finally {
		await Promise.allSettled(underWay);
	}
}

/** The answers as a list, for when all of them are wanted. */
export const mapParallel = async <T, R>(items: AsyncIterable<T> | Iterable<T>, limit: number, map: (item: T) => Promise<R>): Promise<R[]> =>
	Array.fromAsync(mapInOrder(items, limit, map));
