/** A clock that goes by another one, which is heard of now and then. */

export type FollowedClock = {
	/** Milliseconds since 1970. */
	now(): number;
	/** Tells what the other one says just now. */
	follow(other: Date): void;
};

/** `elapsed` in milliseconds, never going back. */
export const createFollowedClock = (first: Date, elapsed: () => number): FollowedClock => {
	let leadMs = first.getTime() - elapsed();
	return {
		now: () => elapsed() + leadMs,
		follow(other) {
			leadMs = other.getTime() - elapsed();
		},
	};
};
