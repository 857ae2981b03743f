import test from 'ava';
import {createFlights} from '../../src/lib/flights.ts';

const setUp = () => {
	const remembered: string[] = [];
	const flights = createFlights<string>();
	let asked = 0;
	const ask = (answer: Promise<string | undefined>) =>
		flights.ask(
			'name',
			() => {
				asked += 1;
				return answer;
			},
			found => remembered.push(found),
		);
	return {flights, ask, remembered, asked: () => asked};
};

test('who asks while another waits is told the same, and it is remembered once', async t => {
	const {ask, remembered, asked} = setUp();
	t.deepEqual(await Promise.all([ask(Promise.resolve('here')), ask(Promise.resolve('never asked'))]), ['here', 'here']);
	t.deepEqual(remembered, ['here']);
	t.is(asked(), 1);
});

test('absence is not shared, since it may be older than the second question', async t => {
	const {ask, remembered} = setUp();
	t.deepEqual(await Promise.all([ask(Promise.resolve(undefined)), ask(Promise.resolve('since'))]), [undefined, 'since']);
	t.deepEqual(remembered, ['since']);
});

test('what was dropped meanwhile is answered, but neither remembered nor joined', async t => {
	const {flights, ask, remembered, asked} = setUp();
	const first = ask(Promise.resolve('old'));
	flights.drop('name');
	const second = ask(Promise.resolve('new'));
	t.deepEqual(await Promise.all([first, second]), ['old', 'new']);
	t.deepEqual(remembered, ['new']);
	t.is(asked(), 2);
});
