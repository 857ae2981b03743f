/** Two sequences in one order as one, each entry once. `orderOf` tells the text that the entries are ordered by. */
export async function* mergedInOrder<T extends string>(
	listed: AsyncIterable<T>,
	more: readonly T[],
	orderOf: (entry: T) => string = entry => entry,
): AsyncGenerator<T> {
	const rest = [...more];
	for await (const entry of listed) {
		while (rest[0] !== undefined && orderOf(rest[0]) < orderOf(entry)) yield rest.shift() as T;
		if (rest[0] === entry) rest.shift();
		yield entry;
	}
	yield* rest;
}
