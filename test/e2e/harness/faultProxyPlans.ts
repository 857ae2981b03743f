/** What S3 does in its bad minutes, as plans for the proxy: each drawn from a seed. */
import {type Fault, refusal, type SeenRequest} from './faultProxy.ts';
import type {Random} from './random.ts';

export type Plan = (request: SeenRequest) => Fault | undefined;
type Choice = (request: SeenRequest) => boolean;

export const to =
	(...operations: readonly SeenRequest['operation'][]): Choice =>
	({operation}) =>
		operations.includes(operation);

export const under =
	(part: string, choice: Choice = () => true): Choice =>
	request =>
		request.key.includes(part) && choice(request);

/** Each time something new is asked for, and not when it is asked again. */
export const onFirst = (choice: Choice, draw: (request: SeenRequest) => Fault | undefined, times = 1): Plan => {
	const counts = new Map<string, number>();
	return request => {
		if (!choice(request)) return undefined;
		const name = [request.operation, request.key, request.query.get('partNumber')].join(' ');
		const count = counts.get(name) ?? 0;
		counts.set(name, count + 1);
		return count < times ? draw(request) : undefined;
	};
};

/** From the first request of that kind on, everything for so long: what a builder fetches from the bucket itself, too. */
export const burst = (choice: Choice, seconds: number, fault: Fault = refusal(503, 'SlowDown')): Plan => {
	let endsAt: number | undefined;
	return request => {
		if (endsAt === undefined && choice(request)) endsAt = performance.now() + seconds * 1000;
		return endsAt !== undefined && performance.now() < endsAt ? fault : undefined;
	};
};

/** Any of them, now and then, to anything. */
export const mixed = (random: Random, share: number): Plan => {
	const faults = [
		() => refusal(503, 'SlowDown'),
		() => refusal(500, 'InternalError'),
		() => ({kind: 'resetRequest', at: random.fraction()}) as const,
		() => ({kind: 'resetAnswer', at: random.fraction()}) as const,
		() => ({kind: 'truncate', at: random.fraction()}) as const,
		() => ({kind: 'stallRequest', seconds: 2 * random.fraction()}) as const,
		() => ({kind: 'stallAnswer', seconds: 2 * random.fraction(), at: random.fraction()}) as const,
	];
	return () => (random.fraction() < share ? faults[Math.floor(random.fraction() * faults.length)]?.() : undefined);
};
