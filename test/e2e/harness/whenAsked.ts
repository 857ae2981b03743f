/** Something that costs time to make: made when it is first asked for, and never twice. */
export const whenAsked = <T>(make: () => Promise<T>): (() => Promise<T>) => {
	let made: Promise<T> | undefined;
	return () => {
		made ??= make();
		return made;
	};
};
