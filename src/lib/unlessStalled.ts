/** A stream that is given up when it stands still while that hurts others. */

/** The same bytes. Throws `error()` once nothing has come for `seconds` to twice that long, and `hurts()` says so then. */
export async function* unlessStalled(
	body: AsyncIterable<Uint8Array>,
	{seconds, hurts, error}: {seconds: number; hurts: () => boolean; error: () => Error},
): AsyncGenerator<Uint8Array> {
	const chunks = body[Symbol.asyncIterator]();
	const givenUp = Promise.withResolvers<never>();
	givenUp.promise.catch(() => undefined);
	let waiting = false;
	let moved = true;
	const watch = setInterval(() => {
		if (waiting && !moved && hurts()) givenUp.reject(error());
		moved = false;
	}, seconds * 1000);
	watch.unref();
	try {
		for (;;) {
			waiting = true;
			const next = await Promise.race([chunks.next(), givenUp.promise]);
			waiting = false;
			moved = true;
			if (next.done) return;
			yield next.value;
		}
	} finally {
		clearInterval(watch);
		// Not awaited: a generator that is waiting for bytes returns only when they come.
		chunks.return?.()?.catch(() => undefined);
	}
}
