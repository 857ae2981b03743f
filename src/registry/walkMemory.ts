/** Documents that a walk read, for the next one: what a listing says has not changed since need not be read again. */

export type WalkMemory = {
	/** `version` tells one state of the object at `key` from another. */
	get(key: string, version: string): unknown;
	/** `bytes` of memory, about. Does nothing once it is full. */
	set(key: string, version: string, document: unknown, bytes: number): void;
	/** A walk along everything is over: what it did not ask for is forgotten. */
	forgetUnasked(): void;
};

/** A walk asks for everything once and in the same order, so what has come first stays: dropping the eldest would drop each just before its turn. */
export const createWalkMemory = ({maxBytes = defaultBytes}: {maxBytes?: number} = {}): WalkMemory => {
	const known = new Map<string, Remembered>();
	let walk = 0;
	let held = 0;

	const forget = (key: string) => {
		held -= known.get(key)?.bytes ?? 0;
		known.delete(key);
	};

	return {
		get(key, version) {
			const remembered = known.get(key);
			if (remembered?.version !== version) return undefined;
			remembered.walk = walk;
			return remembered.document;
		},
		set(key, version, document, bytes) {
			forget(key);
			const weight = bytes + (key.length + version.length) + overheadBytes;
			if (held + weight > maxBytes) return;
			held += weight;
			known.set(key, {version, document, bytes: weight, walk});
		},
		forgetUnasked() {
			for (const [key, remembered] of known) if (remembered.walk !== walk) forget(key);
			walk += 1;
		},
	};
};

type Remembered = {version: string; document: unknown; bytes: number; walk: number};

// What ten thousand tags, and as many manifests of a hundred layers, come to.
const defaultBytes = 64 * 1024 * 1024;
const overheadBytes = 160;
