/** How much time has passed, for what must not be believed for longer than so much of it. */

export type Clocks = {monotonic?: () => number; wall?: () => number};

/**
 * Milliseconds since some moment, never going back. Of two clocks the one that says more time has passed counts: the
 * monotonic one stands still while a machine sleeps, and the wall clock can be set.
 */
export const createElapsed = ({monotonic = () => performance.now(), wall = Date.now}: Clocks = {}): (() => number) => {
	let last = {monotonic: monotonic(), wall: wall()};
	let elapsed = last.monotonic;
	return () => {
		const now = {monotonic: monotonic(), wall: wall()};
		elapsed += Math.max(0, now.monotonic - last.monotonic, now.wall - last.wall);
		last = now;
		return elapsed;
	};
};
