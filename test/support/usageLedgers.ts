/** Made-up usage, for properties. */
import fc from 'fast-check';
import {type Digest, digestOf, parseRepositoryName, parseTag, type RepositoryName} from 'oci-spec-types';
import {type Day, dayOf, daysBefore} from '../../src/lib/days.ts';
import {formatLines} from '../../src/usage/document.ts';
import {
	type Columns,
	clientColumns,
	type Ledger,
	layerColumns,
	type RepositoryCounters,
	refColumns,
	totalColumns,
	unnamed,
} from '../../src/usage/ledger.ts';
import type {UsageReader} from '../../src/usage/usage.ts';

export const today = '2026-11-27' as Day;
export const repos = ['ci/app', 'ci/web'].map(parseRepositoryName);
const tags = ['main', 'pr-1', '__proto__'].map(parseTag);
const digests: Digest[] = ['a', 'b', 'c'].map(name => digestOf(Buffer.from(name)));

const seconds = (day: Day) => Date.parse(day) / 1000;

/** Of days from `first` to `last` before today. */
export const ledgers = ({first = 60, last = 0} = {}): fc.Arbitrary<Ledger> =>
	fc
		.array(fc.tuple(fc.integer({min: last, max: first}), fc.constantFrom<RepositoryName | typeof unnamed>(...repos, unnamed)), {
			maxLength: 4,
		})
		.chain(places =>
			fc.tuple(
				...places.map(([ago, repo]) => countersOn(daysBefore(today, ago)).map(counters => ({day: daysBefore(today, ago), repo, counters}))),
			),
		)
		.map(rows => {
			const ledger: Ledger = new Map();
			for (const {day, repo, counters} of rows) ledger.set(day, new Map([...(ledger.get(day) ?? []), [repo, counters]]));
			return ledger;
		});

const countersOn = (day: Day): fc.Arbitrary<RepositoryCounters> => {
	const clients = mapOf(fc.constantFrom('10.0.0.1', '10.0.0.2'), numbers(clientColumns, day));
	return fc.record({
		totals: numbers(totalColumns, day),
		clients,
		refs: mapOf(fc.constantFrom(...tags), fc.record({uses: numbers(refColumns, day), clients})),
		layers: mapOf(fc.constantFrom(...digests), numbers(layerColumns, day)),
	});
};

const mapOf = <K, V>(keys: fc.Arbitrary<K>, values: fc.Arbitrary<V>): fc.Arbitrary<Map<K, V>> =>
	fc.array(fc.tuple(keys, values), {maxLength: 3}).map(entries => new Map(entries));

/** Times lie on the day: what is counted happened sometime. */
const numbers = <N>({counts, times}: Columns<N>, day: Day): fc.Arbitrary<N> =>
	fc.record(
		Object.fromEntries([
			...counts.map(name => [name, fc.nat(1e9)]),
			...times.map(name => [name, fc.integer({min: seconds(day), max: seconds(day) + 86_399})]),
		]),
	) as fc.Arbitrary<N>;

/** All that a ledger has, as text that depends on nothing else. */
export const contentOf = (ledger: Ledger): string[] => [...formatLines(ledger)];

/** All that a reader tells. */
export const toldBy = async (reader: UsageReader) => ({
	refs: await Promise.all(
		repos.map(async repo => {
			const usage = await reader.refs(repo);
			return tags.map(tag => usage.get(tag));
		}),
	),
	layers: await Promise.all(
		repos.map(async repo => {
			const usage = await reader.layers(repo);
			return digests.map(digest => usage.get(digest));
		}),
	),
	totals: await reader.totals(daysBefore(today, 400)),
	own: await reader.totals(daysBefore(today, 400), repo => repo === repos[0]),
	clients: await reader.clients(daysBefore(today, 34)),
});

export const noon = Date.parse(today) + 12 * 3_600_000;
export const dayBefore = (days: number): Day => dayOf(noon - days * 86_400_000);
