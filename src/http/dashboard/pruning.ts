/** Prune in the dashboard: the form, what it would delete, and the job that deletes just that. */
import type {IncomingMessage} from 'node:http';
import {fieldsOf, parseFieldText} from '../../operations/fields.ts';
import type {Jobs} from '../../operations/jobs.ts';
import {OperationError} from '../../operations/operation.ts';
import type {Operations} from '../../operations/operations.ts';
import {type OperationInput, operations as table} from '../../operations/table.ts';
import type {Page} from '../../ui/layout.ts';
import {type PruneFields, pruneFields, pruneJobPage, prunePage} from '../../ui/pages/prune.ts';
import {paths} from '../../ui/paths.ts';
import {ApiRefusal} from '../apiRefusal.ts';
import {type Exchange, runnerOf} from '../exchange.ts';
import type {Reply} from '../reply.ts';
import {readForm} from './form.ts';
import {redirectTo} from './redirectTo.ts';

export type PruningOptions = {
	now: () => Date;
	/** Something was deleted. */
	onDone: () => void;
};

export const createPruning = ({run}: Operations, jobs: Jobs, {now, onDone}: PruningOptions) => ({
	/** The form, and where something is filled in, what would go. */
	async preview(given: URLSearchParams): Promise<Page> {
		const fields = filledIn(given);
		if (Object.keys(fields).length === 0) {
			return prunePage({fields, now: now(), ...(given.size > 0 && {problem: 'Fill in at least one condition.'})});
		}
		try {
			return prunePage({fields, preview: await run('prune', {...inputOf(fields), dryRun: true}), now: now()});
		} catch (error) {
			if (error instanceof OperationError && error.code === 'invalid') return prunePage({fields, problem: error.message, now: now()});
			throw error;
		}
	},

	/** Without what was shown nothing goes: it is shown first. */
	async begin(exchange: Exchange, request: IncomingMessage): Promise<Reply> {
		const {client, log} = exchange;
		const form = await readForm(request);
		const fields = filledIn(form);
		const query = new URLSearchParams({...fields});
		const plan = form.get('plan');
		if (!plan) return redirectTo(`${paths.prune}?${query}`);
		log.info({operation: 'prune', client: client.address, ...fields}, 'administration');
		const {id} = await jobs.begin('prune', {...inputOf(fields), plan}, runnerOf(exchange));
		return redirectTo(`${paths.job(id)}?${query}`);
	},

	/** How far it has come. Throws ApiRefusal `not-found`. */
	async watch(id: string, given: URLSearchParams): Promise<Page> {
		const job = await jobs.read(id);
		if (job?.operation !== 'prune') throw new ApiRefusal('not-found', 'there is no such job', 'the last 200 are kept');
		if (job.state !== 'running') onDone();
		return pruneJobPage({job, again: `${paths.prune}?${new URLSearchParams({...filledIn(given)})}`, now: now()});
	},
});

const filledIn = (given: URLSearchParams): PruneFields =>
	Object.fromEntries(pruneFields.map(({name}) => [name, given.get(name)?.trim()]).filter(([, text]) => text));

/** What is no number where there should be one is refused by the operation, with the rest. */
const inputOf = (fields: PruneFields): OperationInput<'prune'> => {
	const known = new Map(fieldsOf(table.prune).map(field => [field.name, field]));
	return Object.fromEntries(
		Object.entries(fields).map(([name, text]) => {
			const field = known.get(name);
			return [name, field ? parseFieldText(field, text) : text];
		}),
	);
};
