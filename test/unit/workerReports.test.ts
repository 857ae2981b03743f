import test from 'ava';
import {createMetrics, type MetricsReport} from '../../src/telemetry/metrics.ts';
import {createWorkerReports} from '../../src/workerReports.ts';

const requests = async (count: number, inFlight = 0): Promise<MetricsReport> => {
	const metrics = createMetrics({version: '1.2.3'});
	metrics.requestsInFlight.set(inFlight);
	for (let done = 0; done < count; done += 1)
		metrics.recordRequest({kind: 'ping', method: 'GET', status: 200, seconds: 0.02, bytesIn: 0, bytesOut: 2});
	return metrics.report();
};

/** Workers named a, b, c; what they are asked is kept. */
const arrange = () => {
	const asked: [worker: string, question: number][] = [];
	const late = Promise.withResolvers<void>();
	const reports = createWorkerReports<string>({
		ask: (worker, question) => void asked.push([worker, question]),
		untilTooLate: () => late.promise,
	});
	for (const worker of ['a', 'b', 'c']) reports.join(worker);
	return {reports, asked, late};
};

const textOf = (reports: MetricsReport[]) => createMetrics({version: '1.2.3', gather: async () => reports}).text();

const expect = ({count, inFlight}: {count: number; inFlight: number}) => [
	`layercache_http_requests_total{kind="ping",method="GET",status="200"} ${count}`,
	`layercache_http_request_duration_seconds_bucket{le="0.025",kind="ping"} ${count}`,
	`layercache_http_request_duration_seconds_count{kind="ping"} ${count}`,
	`layercache_http_sent_bytes_total ${count * 2}`,
	`layercache_http_requests_in_flight ${inFlight}`,
	'layercache_build_info{version="1.2.3"} 1',
];

const linesOf = async (reports: MetricsReport[], wanted: string[]) => {
	const lines = (await textOf(reports)).split('\n');
	return wanted.filter(line => !lines.includes(line));
};

test('counters, histograms and requests in flight are summed; the version is not', async t => {
	const {reports, asked} = arrange();
	const gathered = reports.gather('a', await requests(1, 1));
	t.deepEqual(asked, [
		['b', 1],
		['c', 1],
	]);
	reports.take('b', 1, await requests(10, 2));
	reports.take('c', 1, await requests(100, 4));
	t.deepEqual(await linesOf(await gathered, expect({count: 111, inFlight: 7})), []);
});

test('a worker that does not answer in time counts as it last said', async t => {
	const {reports, late} = arrange();
	const first = reports.gather('a', await requests(1));
	reports.take('b', 1, await requests(10));
	reports.take('c', 1, await requests(100));
	await first;
	const second = reports.gather('a', await requests(2));
	reports.take('b', 2, await requests(20));
	late.resolve();
	t.deepEqual(await linesOf(await second, expect({count: 122, inFlight: 0})), []);
});

test('who has ended is not waited for; its counters stay, its gauges go', async t => {
	const {reports} = arrange();
	const first = reports.gather('a', await requests(1, 1));
	reports.take('b', 1, await requests(10, 2));
	reports.take('c', 1, await requests(100, 4));
	await first;
	reports.leave('b');
	const second = reports.gather('a', await requests(1, 1));
	reports.leave('c');
	t.deepEqual(await linesOf(await second, expect({count: 111, inFlight: 1})), []);

	reports.join('b2');
	const third = reports.gather('b2', await requests(1000, 8));
	reports.take('a', 3, await requests(2, 1));
	t.deepEqual(await linesOf(await third, expect({count: 1112, inFlight: 9})), []);
});

test('a question that comes while another is open has its own answers', async t => {
	const {reports, asked} = arrange();
	const fromA = reports.gather('a', await requests(1));
	const fromB = reports.gather('b', await requests(10));
	t.deepEqual(asked, [
		['b', 1],
		['c', 1],
		['a', 2],
		['c', 2],
	]);
	for (const question of [1, 2]) reports.take('c', question, await requests(100));
	reports.take('a', 2, await requests(1));
	reports.take('b', 1, await requests(10));
	for (const gathered of [fromA, fromB]) t.deepEqual(await linesOf(await gathered, expect({count: 111, inFlight: 0})), []);
});
