/** A store that tells what was asked of it: how often, how long it took, how it ended, how many bytes went through. */
import {createDestroyable} from '../lib/destroyable.ts';
import {
	ObjectMissing,
	type ObjectStore,
	PreconditionFailed,
	RangeUnsatisfiable,
	type StoredObject,
	StoreUnavailable,
} from './objectStore.ts';

export type Outcome = 'ok' | 'absent' | 'refused' | 'unavailable' | 'stopped' | 'failed';
export type MeasuredOperation = {operation: keyof ObjectStore; outcome: Outcome; seconds: number; bytes: number};

/** `record` is called once for every operation that asks the store, when it has ended: for a read, when its body has. */
export const withMeasurements = (inner: ObjectStore, record: (done: MeasuredOperation) => void): ObjectStore => {
	const begin = (operation: keyof ObjectStore) => {
		const startedAt = performance.now();
		let isOver = false;
		return (outcome: Outcome, bytes = 0) => {
			if (!isOver) record({operation, outcome, seconds: (performance.now() - startedAt) / 1000, bytes});
			isOver = true;
		};
	};

	const measured = async <T>(
		operation: keyof ObjectStore,
		work: () => Promise<T>,
		bytesOf: (result: T) => number = () => 0,
	): Promise<T> => {
		const end = begin(operation);
		try {
			const result = await work();
			end(result === undefined ? 'absent' : 'ok', bytesOf(result));
			return result;
		} catch (error) {
			end(outcomeOf(error));
			throw error;
		}
	};

	/** For what has no answer to look at. */
	const done = (operation: keyof ObjectStore, work: () => Promise<void>) =>
		measured(operation, async () => {
			await work();
			return null;
		}).then(() => undefined);

	async function* measuredList<T>(operation: keyof ObjectStore, items: AsyncIterable<T>): AsyncGenerator<T> {
		const end = begin(operation);
		try {
			yield* items;
			end('ok');
		} catch (error) {
			end(outcomeOf(error));
			throw error;
		} finally {
			end('stopped');
		}
	}

	return {
		stat: key => measured('stat', () => inner.stat(key)),

		async read(key, range) {
			const end = begin('read');
			try {
				const object = await inner.read(key, range);
				if (object) return {...object, body: countedBody(object.body, end)};
				end('absent');
				return undefined;
			} catch (error) {
				end(outcomeOf(error));
				throw error;
			}
		},

		write: (key, bytes, options) =>
			measured(
				'write',
				() => inner.write(key, bytes, options),
				facts => facts.size,
			),
		upload: (key, body, options) =>
			measured(
				'upload',
				() => inner.upload(key, body, options),
				facts => facts.size,
			),
		copy: (from, to) =>
			measured(
				'copy',
				() => inner.copy(from, to),
				facts => facts.size,
			),
		compose: (parts, to, options) =>
			measured(
				'compose',
				() => inner.compose(parts, to, options),
				facts => facts.size,
			),
		joinsInside: sizes => inner.joinsInside(sizes),
		list: (prefix, options) => measuredList('list', inner.list(prefix, options)),
		remove: keys => done('remove', () => inner.remove(keys)),
		// It asks the store nothing, so only what has to be seen is counted: that there are no credentials to sign with.
		async presign(key, request) {
			const url = await inner.presign(key, request);
			if (!url) record({operation: 'presign', outcome: 'absent', seconds: 0, bytes: 0});
			return url;
		},
		removeUntil: (key, until) => done('removeUntil', () => inner.removeUntil(key, until)),
		abandonedUploads: olderThan => measuredList('abandonedUploads', inner.abandonedUploads(olderThan)),
		now: () => measured('now', () => inner.now()),
		probe: () => measured('probe', () => inner.probe()),
		probeUploads: () => measured('probeUploads', () => inner.probeUploads()),
		close: () => inner.close(),
	};
};

const countedBody = (body: StoredObject['body'], end: (outcome: Outcome, bytes: number) => void): StoredObject['body'] => {
	const chunks = body[Symbol.asyncIterator]();
	let bytes = 0;
	const next = async () => {
		try {
			const result = await chunks.next();
			if (result.done) end('ok', bytes);
			else bytes += result.value.length;
			return result;
		} catch (error) {
			end(outcomeOf(error), bytes);
			throw error;
		}
	};
	return createDestroyable(next, () => {
		body.destroy();
		end('stopped', bytes);
	});
};

const outcomeOf = (error: unknown): Outcome => {
	if (error instanceof StoreUnavailable) return 'unavailable';
	const isRefusal = [PreconditionFailed, RangeUnsatisfiable, ObjectMissing].some(refusal => error instanceof refusal);
	return isRefusal ? 'refused' : 'failed';
};
