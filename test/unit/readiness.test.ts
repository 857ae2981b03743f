/** What it costs a store that anybody may ask whether it answers. */
import test from 'ava';
import {createReadiness} from '../../src/readiness.ts';
import {StoreUnavailable} from '../../src/storage/objectStore.ts';

test('those who ask at once cost the store one request, and the next is asked anew', async t => {
	const asked: PromiseWithResolvers<Date>[] = [];
	const assertAnswers = createReadiness({
		now() {
			asked.push(Promise.withResolvers());
			return (asked.at(-1) as PromiseWithResolvers<Date>).promise;
		},
	});
	const crowd = Array.from({length: 100}, assertAnswers);
	t.is(asked.length, 1);
	asked[0]?.resolve(new Date());
	await Promise.all(crowd);
	const next = [assertAnswers(), assertAnswers()];
	t.is(asked.length, 2);
	asked[1]?.reject(new StoreUnavailable('away'));
	for (const one of next) await t.throwsAsync(one, {instanceOf: StoreUnavailable});
	void assertAnswers().catch(() => undefined);
	t.is(asked.length, 3);
	asked[2]?.resolve(new Date());
});
