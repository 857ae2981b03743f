/** Equal questions at the same time, asked once. */

export type Flights<T> = {
	/**
	 * What whoever asks this already is told, if it is anything: their absence may be older than this question. Else what `work` answers;
	 * `remember` gets that too, unless the name was dropped meanwhile.
	 */
	ask(name: string, work: () => Promise<T | undefined>, remember: (answer: T) => void): Promise<T | undefined>;
	/** What is under way by this name still answers those who wait for it, and nobody else. */
	drop(name: string): void;
};

export const createFlights = <T>(): Flights<T> => {
	const underWay = new Map<string, Promise<T | undefined>>();

	const begin = (name: string, work: () => Promise<T | undefined>, remember: (answer: T) => void): Promise<T | undefined> => {
		const answer = work()
			.then(found => {
				if (found !== undefined && underWay.get(name) === answer) remember(found);
				return found;
			})
			.finally(() => {
				if (underWay.get(name) === answer) underWay.delete(name);
			});
		underWay.set(name, answer);
		return answer;
	};

	return {
		async ask(name, work, remember) {
			const joined = underWay.get(name);
			return (joined && (await joined)) ?? begin(name, work, remember);
		},
		drop: name => void underWay.delete(name),
	};
};
