/** Media types are the same few in every document, and are kept once. What is not among the first does not fill the memory. */
const known = new Map<string, string>();
const knownLists = new Map<string, readonly string[]>();
const knownMost = 1000;

export const interned = (text: string): string => {
	const same = known.get(text);
	if (same === undefined && known.size < knownMost) known.set(text, text);
	return same ?? text;
};

export const internedList = (list: readonly string[]): readonly string[] => {
	const name = list.join(' ');
	const same = knownLists.get(name);
	if (!same && knownLists.size < knownMost) knownLists.set(name, list);
	return same ?? list;
};
