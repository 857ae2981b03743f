/** Answers that are streamed, as many at once as there are places for; who hardly reads loses his while others wait. */
import {createDestroyable, type Destroyable} from '../lib/destroyable.ts';
import type {Lender} from '../lib/lender.ts';
import {createSpeed, type Speed, type SpeedOptions} from '../lib/speed.ts';

export type StreamOptions = {
	lender: Lender;
	tenant: string;
	slow: SpeedOptions;
	/** Ends the connection. */
	cut: () => void;
};

/** Opens it when there is a place, which it has until `body` is read to its end or destroyed. */
export const inPlace = async <T extends {body: Destroyable}>(
	{lender, tenant, slow, cut}: StreamOptions,
	open: () => Promise<T>,
): Promise<T> => {
	const speed = createSpeed(slow);
	const {release} = await lender.borrow(1, {name: tenant, isSlow: speed.isSlow, giveWay: cut});
	try {
		const opened = await open();
		return {...opened, body: timed(opened.body, speed, release)};
	} catch (error) {
		release();
		throw error;
	}
};

/** The time between a chunk and the question for the next one is the reader's. */
const timed = (body: Destroyable, speed: Speed, release: () => void): Destroyable => {
	const chunks = body[Symbol.asyncIterator]();
	let handed = 0;
	const next = async () => {
		speed.did(handed);
		const result = await chunks.next();
		handed = result.done ? 0 : result.value.length;
		if (!result.done) speed.wait();
		return result;
	};
	const destroy = () => {
		release();
		body.destroy();
	};
	return createDestroyable(next, destroy);
};
