/** How much of what pushers call configs is read for one answer: a union is made in memory, while everybody else waits. */

/** Those that come first, for as long as all of them together are within what is read; the first in any case. */
export const withinReading = <T>(sources: readonly T[], bytesOf: (source: T) => number): readonly T[] => {
	let bytes = 0;
	return sources.filter((source, at) => {
		if (at > 0 && bytes + bytesOf(source) > mostBytes) return false;
		bytes += bytesOf(source);
		return true;
	});
};

// Sixteen times what BuildKit imports of all of it in the end.
const mostBytes = 16 * 1024 * 1024;
