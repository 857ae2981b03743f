/** Mutual exclusion inside one process: work under the same name runs one after the other, in the order it was asked for. */
export const createTurns = () => {
	const last = new Map<string, Promise<unknown>>();
	return async <T>(name: string, work: () => Promise<T>): Promise<T> => {
		const mine = (last.get(name) ?? Promise.resolve()).then(work);
		const settled = mine.catch(() => undefined);
		last.set(name, settled);
		try {
			return await mine;
		} finally {
			if (last.get(name) === settled) last.delete(name);
		}
	};
};
