/** Works through the queue of what is to be handed over: what was just put there at once, the rest now and then; what fails again later, and later each time. */
import type {HandOverTaskDone} from './handOverTask.ts';
import {type Claim, type HandOverTask, handOverLeaseMs, type Queue, type WaitingHandOver} from './queue.ts';

export type HandingOverOptions = {
	queue: Pick<Queue, 'list' | 'claim'>;
	work: (task: WaitingHandOver) => Promise<HandOverTaskDone>;
	/** Which upstream it is for: one that hangs holds up its own, and nothing that goes elsewhere. */
	upstreamOf: (task: HandOverTask) => string | undefined;
	/** Looks so often by itself; where nothing is said, only when it is woken. */
	everyMs: number | undefined;
	/** Whether there is anything to look for. */
	isNeeded: () => boolean;
	/** Milliseconds since some moment, never going back. */
	elapsed: () => number;
	/** From 0 to 1, spreads what replicas do. */
	random: () => number;
	observer: HandingOverObserver;
};

export type HandingOverObserver = {
	handedOver(task: WaitingHandOver, facts: HandOverTaskDone & {seconds: number}): void;
	/** It is tried again. */
	failed(task: WaitingHandOver, facts: {error: unknown; againInMs: number}): void;
	/** After each look. `failing`: of these, those whose last attempt failed. */
	looked(facts: {waiting: number; failing: number; oldest: Date | undefined}): void;
	lookFailed(error: unknown): void;
};

export type HandingOver = {
	/** There is something new in the queue. */
	wake(): void;
	/** Begins nothing more. */
	stop(): void;
	/** When nothing is under way. */
	idle(): Promise<void>;
};

export const startHandingOver = ({
	queue,
	work,
	upstreamOf,
	everyMs,
	isNeeded,
	elapsed,
	random,
	observer,
}: HandingOverOptions): HandingOver => {
	const underWay = new Map<string, UnderWay>();
	let timer: NodeJS.Timeout | undefined;
	let looking: Promise<void> | undefined;
	let isWoken = false;
	let isStopped = false;

	const attempt = async (claim: Claim): Promise<void> => {
		const startedAt = elapsed();
		const keeping = setInterval(() => void claim.keep().catch(() => undefined), handOverLeaseMs / 3).unref();
		try {
			const done = await work(claim.task);
			clearInterval(keeping);
			await claim.done();
			observer.handedOver(claim.task, {...done, seconds: (elapsed() - startedAt) / 1000});
		} catch (error) {
			clearInterval(keeping);
			// Nobody is to blame for a server that stops; another one goes on at once.
			const againInMs = isStopped ? 0 : pauseAfter(claim.task.attempts, random());
			await claim.failed(isStopped ? (claim.task.error ?? '') : messageOf(error), againInMs);
			if (!isStopped) observer.failed(claim.task, {error, againInMs});
		}
	};

	const isFull = (upstream: string | undefined): boolean =>
		Array.from(underWay.values()).filter(one => one.upstream === upstream).length >= mostAtOnce;

	const begin = (key: string, upstream: string | undefined): void => {
		const attempted = queue
			.claim(key)
			.then(claim => claim && attempt(claim))
			.catch(observer.lookFailed)
			.finally(() => {
				const wasFull = isFull(upstream);
				underWay.delete(key);
				if (wasFull) wake();
			});
		underWay.set(key, {upstream, attempted});
	};

	const look = async (): Promise<void> => {
		const found = {waiting: 0, failing: 0, oldest: undefined as Date | undefined};
		for await (const task of queue.list()) {
			const {key, queuedAt, error, isDue} = task;
			found.waiting += 1;
			if (error) found.failing += 1;
			if (!found.oldest || queuedAt < found.oldest) found.oldest = queuedAt;
			if (!isDue || isStopped || underWay.has(key)) continue;
			const upstream = upstreamOf(task);
			if (!isFull(upstream)) begin(key, upstream);
		}
		observer.looked(found);
	};

	const wake = (): void => {
		if (isStopped) return;
		isWoken = true;
		looking ??= (async () => {
			while (isWoken && !isStopped) {
				isWoken = false;
				await look().catch(observer.lookFailed);
			}
			looking = undefined;
		})();
	};

	const lookLater = (): void => {
		if (everyMs === undefined || isStopped) return;
		timer = setTimeout(
			() => {
				if (isNeeded()) wake();
				lookLater();
			},
			everyMs * (0.75 + random() / 2),
		).unref();
	};

	if (everyMs !== undefined && isNeeded()) wake();
	lookLater();
	return {
		wake,
		stop() {
			isStopped = true;
			clearTimeout(timer);
		},
		async idle() {
			while (looking || underWay.size > 0) await Promise.all([looking, ...Array.from(underWay.values(), ({attempted}) => attempted)]);
		},
	};
};

type UnderWay = {upstream: string | undefined; attempted: Promise<void>};

// To one upstream; of images, each of which sends several blobs at once.
const mostAtOnce = 3;

/** Milliseconds after so many attempts: 10 s, twice as long each time, half an hour at the most. */
export const pauseAfter = (attempts: number, random: number): number =>
	Math.round(Math.min(10_000 * 2 ** (attempts - 1), 1_800_000) * (0.75 + random / 2));

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error)).slice(0, 1000);
