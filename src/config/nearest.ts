/** The name that was probably meant. */

/** The candidate with the fewest edits from `name`; undefined when none is near (more than a third of it would change). */
export const nearest = (name: string, candidates: readonly string[]): string | undefined => {
	const ranked = candidates
		.map(candidate => ({candidate, distance: editDistance(name, candidate)}))
		.sort((a, b) => a.distance - b.distance);
	const best = ranked[0];
	return best && best.distance <= name.length / 3 ? best.candidate : undefined;
};

/** Levenshtein's: insertions, deletions and replacements. */
const editDistance = (a: string, b: string): number => {
	let row = Array.from({length: b.length + 1}, (_, index) => index);
	for (let i = 1; i <= a.length; i++) {
		const next = [i];
		for (let j = 1; j <= b.length; j++) {
			const replaced = (row[j - 1] as number) + (a[i - 1] === b[j - 1] ? 0 : 1);
			next.push(Math.min(replaced, (row[j] as number) + 1, (next[j - 1] as number) + 1));
		}
		row = next;
	}
	return row[b.length] as number;
};
