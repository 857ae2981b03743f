/** How much is used, how the store has grown, and what takes the room. */
import type {RepositoryName} from 'oci-spec-types';
import type {CycleReport} from '../../gc/report.ts';
import {type Day, dayOf, daysBefore} from '../../lib/days.ts';
import {mapParallel} from '../../lib/mapInOrder.ts';
import {keys} from '../../registry/keys.ts';
import type {DayTotals} from '../../usage/usage.ts';
import type {Administration} from '../administration.ts';
import type {Run, Runs} from '../operations.ts';
import {inOrder} from './refRows.ts';
import {rowsOf} from './refs.ts';

export const createUsageRuns = (administration: Administration): Pick<Runs, 'usage' | 'top'> => {
	const {store, usage, reports} = administration;

	const report: Run<'usage'> = async ({days, repo: isWanted}, context) => {
		const {asOf, repositories} = await administration.survey(context);
		const [from, to] = [daysBefore(dayOf(asOf), days - 1), dayOf(asOf)];
		const [totals, cycles] = await Promise.all([usage.totals(from, isWanted), reports.read({since: new Date(from)})]);
		const byDay = new Map(totals.map(day => [day.day, day]));
		const oldest = cycles.at(-1);
		const rows = repositories.filter(({repo}) => !isWanted || isWanted(repo));
		return {
			asOf: asOf.toISOString(),
			days: daysFrom(from, to).map(day => ({day, ...trafficOf(byDay.get(day) ? [byDay.get(day) as DayTotals] : [])})),
			total: trafficOf(totals),
			sizes: cycles.toReversed().map(({startedAt, totals: {bytes, blobs, manifests, tags, unreferencedBytes, condemnedBytes}}) => ({
				at: startedAt,
				...{bytes, blobs, manifests, tags, unreferencedBytes, condemnedBytes},
			})),
			repositories: rows
				.map(({repo, bytes, blobs, refs}) => ({repository: repo, bytes, blobs, refs: refs.length, ...growthOf(oldest, repo, bytes)}))
				.toSorted((a, b) => b.bytes - a.bytes),
		};
	};

	const top: Run<'top'> = async ({by, limit, days, ...filters}, context) => {
		const survey = await administration.survey(context);
		const since = daysBefore(dayOf(survey.asOf), days - 1);
		const rows = await rowsOf(administration, survey, filters);
		const wanted = survey.repositories.map(({repo}) => repo).filter(repo => !filters.repo || filters.repo(repo));
		const layers = (await mapParallel(wanted, parallelReads, repo => layersOf(repo, since))).flat();
		const most = layers.toSorted((a, b) => b.fetchedBytes - a.fetchedBytes).slice(0, limit);
		const clients = await usage.clients(since, filters.repo);
		return {
			asOf: survey.asOf.toISOString(),
			refs: rows.toSorted(inOrder[by]).slice(0, limit),
			layers: await mapParallel(most, parallelReads, async layer => {
				const stored = await store.stat(keys.blob(layer.repository, layer.digest));
				return {...layer, ...(stored && {bytes: stored.size})};
			}),
			clients: clients
				.slice(0, limit)
				.map(({client, pushes, imports, fetches, lastSeen}) => ({client, pushes, imports, fetches, lastSeenAt: lastSeen.toISOString()})),
		};
	};

	const layersOf = async (repository: RepositoryName, since: Day) => {
		const used = await usage.layers(repository);
		return [...used.entries()].flatMap(([digest, {days, lastFetched}]) => {
			const recent = days.filter(({day}) => day >= since);
			const fetches = recent.reduce((sum, day) => sum + day.fetches, 0);
			const fetchedBytes = recent.reduce((sum, day) => sum + day.bytes, 0);
			return fetches === 0
				? []
				: [{repository, digest, fetches, fetchedBytes, ...(lastFetched && {lastFetchedAt: lastFetched.toISOString()})}];
		});
	};

	return {usage: report, top};
};

const parallelReads = 8;

const daysFrom = (from: Day, to: Day): Day[] => {
	const days: Day[] = [];
	for (let day = to; day >= from; day = daysBefore(day, 1)) days.unshift(day);
	return days;
};

const trafficOf = (days: readonly DayTotals[]) => {
	const sum = (field: Exclude<keyof DayTotals, 'day'>) => days.reduce((total, day) => total + day[field], 0);
	const [imports, importMisses] = [sum('imports'), sum('importMisses')];
	return {
		pushes: sum('pushes'),
		...{imports, importMisses},
		fallbacks: sum('fallbacks'),
		fetches: sum('fetches'),
		pushedBytes: sum('pushedBytes'),
		redirectedPushBytes: sum('redirectedPushBytes'),
		fetchedBytes: sum('fetchedBytes'),
		redirectedBytes: sum('redirectedBytes'),
		streamedBytes: sum('streamedBytes'),
		...(imports + importMisses > 0 && {hitRate: imports / (imports + importMisses)}),
	};
};

/** The first report may be older than a repository, or have room for a thousand others. */
const growthOf = (first: CycleReport | undefined, repo: RepositoryName, bytes: number): {grownBytes?: number} => {
	if (!first) return {};
	const before = first.repositories.find(row => row.repo === repo)?.bytes;
	if (before === undefined && first.repositories.length < first.totals.repositories) return {};
	return {grownBytes: bytes - (before ?? 0)};
};
