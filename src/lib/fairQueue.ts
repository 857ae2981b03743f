/** Work that only so much of may go on at once: those who wait take turns by whom they wait for, and whoever asks for too much is told. */

export type FairQueue = {
	/** `name` is on whose behalf. Throws QueueFull. */
	run<T>(name: string, work: () => Promise<T>): Promise<T>;
};

/** `parallel`: so much goes on at once. `waiting`: so much may wait, for each name and of all names together. */
export type FairQueueLimits = {parallel: number; waiting: {each: number; all: number}};

export const createFairQueue = ({parallel, waiting}: FairQueueLimits): FairQueue => {
	// In the order in which names come next: who was served goes to the end.
	const queues = new Map<string, (() => void)[]>();
	let [running, inLine] = [0, 0];

	const next = (): void => {
		const [entry] = queues;
		if (!entry || running >= parallel) return;
		const [name, queue] = entry;
		const begin = queue.shift();
		queues.delete(name);
		if (queue.length > 0) queues.set(name, queue);
		inLine -= 1;
		running += 1;
		begin?.();
	};
	const turn = (name: string): Promise<void> => {
		const queue = queues.get(name) ?? [];
		if (queue.length >= waiting.each || inLine >= waiting.all) throw new QueueFull();
		return new Promise(begin => {
			queue.push(begin);
			queues.set(name, queue);
			inLine += 1;
			next();
		});
	};

	return {
		async run(name, work) {
			await turn(name);
			try {
				return await work();
			} finally {
				running -= 1;
				next();
			}
		},
	};
};

/** Too much waits already. */
export class QueueFull extends Error {
	override readonly name = 'QueueFull';
	constructor() {
		super('too much of this waits already');
	}
}
