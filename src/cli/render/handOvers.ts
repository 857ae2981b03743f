/** What waits to be handed over to an upstream: a line for each. */
import type {HandOverRow} from '../../operations/answers/handOvers.ts';
import type {Rendering} from './renderings.ts';
import {tableOf} from './table.ts';
import {age, many, moment, shortDigest} from './words.ts';

export const handOverList: Rendering<'handovers.list'> = {
	text: ({asOf, handovers, total, failing}, paint) =>
		total === 0
			? ['nothing waits to be handed over']
			: [
					...tableOf(
						handovers,
						[
							{
								title: 'REF',
								of: ({repository, tag, digest}: HandOverRow) => (tag ? `${repository}:${tag}` : `${repository}@${shortDigest(digest)}`),
							},
							{title: 'DIGEST', of: ({digest}) => shortDigest(digest)},
							{title: 'WAITS', right: true, of: ({queuedAt}) => age(queuedAt, asOf)},
							{title: 'TRIED', right: true, of: ({attempts}) => String(attempts)},
							{title: 'NEXT', of: ({holder, notBefore}) => (holder ? 'now' : notBefore ? moment(notBefore) : 'soon')},
							{title: 'LAST ANSWER', of: ({error}) => (error ? paint('red', error) : '')},
						],
						paint,
					),
					`${many(total, 'thing')} in all, ${failing} of which the upstream did not take at the last attempt`,
				],
};

export const handOversHastened: Rendering<'handovers.retry'> = {
	text: ({hastened}) => [hastened === 0 ? 'nothing waits for a later attempt' : `${many(hastened, 'thing')} will be tried within seconds`],
};

export const handOversDropped: Rendering<'handovers.drop'> = {
	text: ({ref, dropped}) => [`${ref} is not handed over any more (${many(dropped, 'entry', 'entries')})`],
};
