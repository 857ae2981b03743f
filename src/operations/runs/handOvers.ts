/** Tells what waits to be handed over to an upstream, has it tried now, or gives it up. */
import type {WaitingHandOver} from '../../upstream/queue.ts';
import type {Administration} from '../administration.ts';
import type {HandOverRow} from '../answers/handOvers.ts';
import {OperationError} from '../operation.ts';
import type {Run, Runs} from '../operations.ts';
import type {ParsedInput} from '../table.ts';

type HandOverRuns = Pick<Runs, 'handovers.list' | 'handovers.retry' | 'handovers.drop'>;

export const createHandOverRuns = ({store, handOvers}: Administration): HandOverRuns => {
	const list: Run<'handovers.list'> = async ({limit, ...filters}) => {
		const asOf = await store.now();
		const all = (await Array.fromAsync(handOvers.list())).filter(isWanted(filters));
		const oldestFirst = all.toSorted((a, b) => a.queuedAt.getTime() - b.queuedAt.getTime());
		return {
			asOf: asOf.toISOString(),
			handovers: oldestFirst.slice(0, limit).map(rowOf),
			total: all.length,
			failing: all.filter(({error}) => error !== undefined).length,
		};
	};

	const retry: Run<'handovers.retry'> = async filters => ({hastened: await handOvers.hasten(isWanted(filters))});

	const drop: Run<'handovers.drop'> = async ({ref}) => {
		const those = (await Array.fromAsync(handOvers.list())).filter(task => ref === refOf(task) || ref === `${task.repo}@${task.digest}`);
		if (those.length === 0)
			throw new OperationError('not-found', `nothing of ${ref} waits to be handed over`, '`layercache handovers list` has all that does');
		for (const {key} of those) await handOvers.drop(key);
		return {ref, dropped: those.length};
	};

	return {'handovers.list': list, 'handovers.retry': retry, 'handovers.drop': drop};
};

const isWanted =
	({repo, tag}: ParsedInput<'handovers.retry'>) =>
	(task: WaitingHandOver): boolean =>
		(!repo || repo(task.repo)) && (!tag || (task.tag !== undefined && tag(task.tag)));

const refOf = ({repo, tag, digest}: WaitingHandOver): string => (tag ? `${repo}:${tag}` : `${repo}@${digest}`);

const rowOf = ({repo, tag, digest, queuedAt, attempts, error, notBefore, holder}: WaitingHandOver): HandOverRow => ({
	repository: repo,
	...(tag && {tag}),
	digest,
	queuedAt: queuedAt.toISOString(),
	attempts,
	...(error && {error}),
	...(notBefore && {notBefore: notBefore.toISOString()}),
	...(holder && {holder}),
});
