/** A body that can be read from its beginning more than once, so that an upload of it can be repeated. */
import type {Bytes} from '../registry/registry.ts';

/** `open` is called each time somebody begins to read. */
export const reopenable = (open: () => Promise<Bytes>): Bytes => {
	async function* read() {
		yield* await open();
	}
	const bytes = {[Symbol.asyncIterator]: () => read()};
	opened.add(bytes);
	return bytes;
};

export const isReopenable = (bytes: Bytes): boolean => opened.has(bytes);

const opened = new WeakSet<Bytes>();
