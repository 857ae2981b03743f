/** What administrators have done is written down: who, what they gave it, which refs it was about, and how it ended. */
import type {Audit, AuditEvent} from '../audit/audit.ts';
import type {Runner} from './operation.ts';
import type {Operations} from './operations.ts';
import type {OperationName} from './table.ts';

/** One that nobody has asked for (`by`) is the server's own doing. */
export const withOperationsAudited = (inner: Operations, {record}: Pick<Audit, 'record'>): Operations => ({
	...inner,
	async run(name, input, context) {
		const by = context?.by;
		const tell = (why: string, output?: object) => by && eventsOf(name, input, {by, why, output}).forEach(record);
		try {
			const output = await inner.run(name, input, context);
			tell('done', output);
			return output;
		} catch (error) {
			tell(`failed: ${error instanceof Error ? error.message : 'for an unknown reason'}`);
			throw error;
		}
	},
});

type Outcome = {by: Runner; why: string; output?: object | undefined};

/** One for each ref that it was about, so that they are found by it. */
const eventsOf = (name: OperationName, input: object, {by, why, output = {}}: Outcome): AuditEvent[] => {
	const event = {what: `admin:${name}`, ...by, allowed: true, why, input: formatInput(input)};
	const refs = new Map([...named(input), ...removed(output)].map(on => [`${on.repo}:${on.tag}`, on]));
	return refs.size === 0 ? [event] : [...refs.values()].map(on => ({...event, on}));
};

const formatInput = (input: object): string =>
	Object.entries(input)
		.filter(([, value]) => value !== undefined)
		.map(([name, value]) => `${name}=${typeof value === 'string' ? value : JSON.stringify(value)}`)
		.join(' ');

type Subject = {repo: string; tag: string};

const named = (input: {ref?: string; refs?: readonly string[]; a?: string; b?: string}): Subject[] =>
	[input.ref, ...(input.refs ?? []), input.a, input.b].flatMap(text => {
		const [repo, tag] = text?.split(':') ?? [];
		return repo && tag ? [{repo, tag}] : [];
	});

/** What a dry run shows is not removed. */
const removed = (output: {dryRun?: boolean; removals?: readonly {repository: string; tag?: string}[]}): Subject[] =>
	output.dryRun === false ? (output.removals ?? []).flatMap(({repository: repo, tag}) => (tag ? [{repo, tag}] : [])) : [];
