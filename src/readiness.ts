/** Whether the store answers, for whoever asks whether this server should get requests. */
import {setTimeout as delay} from 'node:timers/promises';
import {type ObjectStore, StoreUnavailable} from './storage/objectStore.ts';

/** Rejects with StoreUnavailable, also where it takes 5 seconds. Anybody may ask, so those who ask at once cost the store one request. */
export const createReadiness = (store: Pick<ObjectStore, 'now'>): (() => Promise<void>) => {
	let asked: Promise<void> | undefined;
	return () => {
		asked ??= answersInTime(store).finally(() => {
			asked = undefined;
		});
		return asked;
	};
};

/** A probe that hangs tells its caller nothing. */
const answersInTime = async (store: Pick<ObjectStore, 'now'>): Promise<void> => {
	const late = delay(readyWithinMs, undefined, {ref: false}).then(() => {
		throw new StoreUnavailable(`the store did not answer within ${readyWithinMs / 1000} s`);
	});
	await Promise.race([store.now(), late]);
};

const readyWithinMs = 5000;
