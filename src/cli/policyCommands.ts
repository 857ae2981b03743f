/**
 * `policy check`, `policy explain` and `access explain`. They are no operations of the table: they look at a file on this machine,
 * before a server has it, and need no store.
 */
import type {Command} from 'commander';
import {type AskedFor, explainAccessTo} from '../operations/accessReports.ts';
import {checkPolicy, explainRef, type Report} from '../operations/policyReports.ts';
import type {Outcome} from './exitCodes.ts';
import type {Terminal} from './terminal.ts';

export type PolicyCommandOptions = {terminal: Terminal; environment: Readonly<Record<string, string | undefined>>};

export const addPolicyCommands = (
	program: Command,
	{terminal, environment}: PolicyCommandOptions,
	finish: (outcome: Outcome) => void,
): void => {
	const tell = ({exitCode, lines, facts}: Report, json?: true) => {
		terminal.out(json ? `${JSON.stringify(facts)}\n` : lines.map(line => `${line.trimEnd()}\n`).join(''));
		finish(({0: 'ok', 1: 'no', 2: 'usage'} as const)[exitCode]);
	};
	const policy = program.command('policy').description('check the policy file, and tell what it says of a ref');

	policy
		.command('check')
		.argument('[file]', 'by default LAYERCACHE_POLICY')
		.description('name everything that is wrong with the policy file, each with its line')
		.option('--json', 'answer one JSON document, for programs')
		.action(async (file: string | undefined, {json}: {json?: true}) =>
			tell(await checkPolicy(file ?? environment.LAYERCACHE_POLICY), json),
		);

	policy
		.command('explain')
		.argument('<ref>', 'such as ci/app:pr-12 or ci/app:pr-12..main')
		.description('say what happens to a ref, by which rules, and why others do not apply')
		.option('--file <file>', 'by default LAYERCACHE_POLICY')
		.option('--json', 'answer one JSON document, for programs')
		.action(async (ref: string, {file, json}: {file?: string; json?: true}) =>
			tell(await explainRef(ref, file ?? environment.LAYERCACHE_POLICY), json),
		);

	program
		.command('access')
		.description('tell who may do what')
		.command('explain')
		.argument('<ref>', 'such as ci/app:main')
		.argument('[action]', 'pull, push, delete, protect or admin; by default each of them')
		.description('say whether somebody may do something with a ref, by which rule, and why others do not count')
		.option('--claims <file>', 'what an id token of CI says, as JSON')
		.option('--issuer <name>', 'whose token it would be, by its name in the policy; by default that of `iss` in the claims')
		.option('--user <name>', 'a user')
		.option('--token <name>', 'a static token without rights of its own')
		.option('--address <address>', 'from where; by default 127.0.0.1')
		.option('--open', 'as with LAYERCACHE_AUTH=none')
		.option('--file <file>', 'by default LAYERCACHE_POLICY')
		.option('--json', 'answer one JSON document, for programs')
		.action(async (ref: string, action: string | undefined, {file, json, ...who}: AskedFor & {file?: string; json?: true}) =>
			tell(await explainAccessTo(ref, action, file ?? environment.LAYERCACHE_POLICY, who), json),
		);
};
