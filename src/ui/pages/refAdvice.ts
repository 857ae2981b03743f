/** What could go of a ref's cache, and what is there twice. */
import type {OperationOutput} from '../../operations/table.ts';
import {bytesOf, digestOf, formatMany, momentOf, none} from '../format.ts';
import {type Html, html} from '../html.ts';
import {card, empty} from '../layout.ts';
import {table} from '../table.ts';

type Shown = OperationOutput<'refs.show'>;

/** Nothing for what is no cache. */
export const deadWeight = (weight: Shown['deadWeight'], now: Date): Html | undefined => {
	if (!weight) return undefined;
	const {days, countedSince, unfetched, modeMin, withoutRecords} = weight;
	const since = countedSince !== undefined && html` Fetches are counted since ${momentOf(countedSince, now)}.`;
	const title = 'Dead weight';
	if (unfetched.layers.length === 0)
		return card({
			title,
			body: empty(html`Every layer was fetched in the last ${formatMany(days, 'day')}, or is younger than that.${since}`),
		});
	return card({
		title,
		about: html`${bytesOf(unfetched.bytes)} in ${formatMany(unfetched.layers.length, 'layer')} that no build fetched in ${formatMany(days, 'day')}.${since}`,
		body: html`${table(
			'Ways to save',
			[{head: 'What would save it'}, {head: 'Saves', isNumber: true, title: 'Of layers that no other ref leads to'}, {head: 'Costs'}],
			[
				['to drop the records that lead to them', bytesOf(withoutRecords.exclusiveBytes), steps(withoutRecords.records)],
				[html`to export with <code>mode=min</code>`, bytesOf(modeMin.exclusiveBytes), steps(modeMin.records)],
			],
		)}
<h3>Layers that nobody fetched</h3>${table(
			'Layers that nobody fetched',
			[{head: 'Layer'}, {head: 'Size', isNumber: true}, {head: 'Fetched'}, {head: 'Stored'}],
			unfetched.layers.map(({digest, size, lastFetchedAt, storedAt}) => [
				digestOf(digest),
				bytesOf(size),
				momentOf(lastFetchedAt, now, html`<span class="none">never</span>`),
				momentOf(storedAt, now),
			]),
		)}`,
	});
};

const steps = (count: number) => (count === 0 ? 'nothing' : `${formatMany(count, 'step')} would run again`);

/** Nothing where there are none. */
export const nearDuplicates = ({compressions, steps}: Shown['nearDuplicates']): Html | undefined => {
	if (compressions.length + steps.length === 0) return undefined;
	return card({
		title: 'There several times',
		about: 'Layers with the same content in several compressions, and steps that several builds ran with different results.',
		body: table(
			'There several times',
			[{head: 'What'}, {head: 'Layers'}, {head: 'Could be saved', isNumber: true}, {head: 'Tags'}],
			[
				...compressions.map(({uncompressed, copies, wastedBytes}) => [
					html`content ${digestOf(uncompressed)}`,
					digests(copies.map(({digest}) => digest)),
					bytesOf(wastedBytes),
					tags(copies.flatMap(copy => copy.tags)),
				]),
				...steps.map(({record, results, wastedBytes}) => [
					html`step ${digestOf(record)}`,
					digests(results.flatMap(({layers}) => layers)),
					bytesOf(wastedBytes),
					tags(results.flatMap(result => result.tags)),
				]),
			],
		),
	});
};

const digests = (all: readonly string[]) =>
	html`${[...new Set(all)].map((digest, index) => html`${index > 0 && ', '}${digestOf(digest)}`)}`;
const tags = (all: readonly string[]) => (all.length === 0 ? none : [...new Set(all)].join(', '));
