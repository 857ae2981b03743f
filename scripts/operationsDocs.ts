/** Writes docs/cli.md and docs/api.md from the table of operations and the commands; with --check only says whether they are up to date. */
import {readFileSync, writeFileSync} from 'node:fs';
import {argv, exit, stderr} from 'node:process';
import type {Command} from 'commander';
import {createProgram} from '../src/cli/commandLine.ts';
import {exitCodes} from '../src/cli/exitCodes.ts';
import {plain} from '../src/cli/terminal.ts';
import {type Field, fieldsOf} from '../src/operations/fields.ts';
import {errorMeanings} from '../src/operations/openApi.ts';
import type {OperationFacts} from '../src/operations/operation.ts';
import {type ApiErrorCode, type ApiRoute, apiErrors, apiRoutes, jobsPath, openApiPath} from '../src/operations/routes.ts';
import {operations} from '../src/operations/table.ts';

const unused = () => {
	throw new Error('nothing is run here');
};

const program = createProgram(
	{
		environment: {},
		signal: new AbortController().signal,
		terminal: {out: unused, say: unused, isInteractive: false, confirm: unused, progressStream: undefined, paint: plain},
		openLocal: unused,
		serve: unused,
	},
	unused,
);

const note = '<!-- Generated from src/operations/table.ts and src/cli/ by `npm run docs`: change it there. -->';
const cell = (text: string) => text.replaceAll('|', '\\|').replaceAll('\n', ' ');
const table = (titles: readonly string[], rows: readonly (readonly string[])[]): string =>
	[titles, titles.map(() => '---'), ...rows].map(row => `| ${row.map(cell).join(' | ')} |`).join('\n');

const sentences = (text: string) => text.replace(/^./, letter => letter.toUpperCase()).replace(/[^.]$/, end => `${end}.`);

const leaves = (command: Command, path: string): {command: Command; path: string}[] =>
	command.commands.length === 0 ? [{command, path}] : command.commands.flatMap(child => leaves(child, `${path} ${child.name()}`));

/** The command line has no Markdown. */
const literal = (text: string) => text.replaceAll('*', '\\*');

const usual = ['--json', '--yes', '--server', '--token'];

const commandPage = ({command, path}: {command: Command; path: string}): string => {
	const operands = command.registeredArguments.map(argument => {
		const name = argument.variadic ? `${argument.name()}...` : argument.name();
		return argument.required ? `<${name}>` : `[${name}]`;
	});
	const own = command.options.filter(({long}) => !usual.includes(long ?? ''));
	const common = command.options.filter(({long}) => usual.includes(long ?? '')).map(({long}) => `\`${long}\``);
	const rows = [
		...command.registeredArguments.map(argument => [`\`${argument.name()}\``, literal(argument.description)]),
		...own.map(option => [
			`\`${option.flags}\``,
			`${literal(option.description)}${option.argChoices ? `: ${option.argChoices.join(', ')}` : ''}`,
		]),
	];
	return [
		`### \`${[path, ...operands].join(' ')}\``,
		sentences(command.description()),
		...(rows.length > 0 ? [table(['', ''], rows)] : []),
		...(common.length > 0 ? [`Besides: ${common.join(', ')}.`] : []),
	].join('\n\n');
};

const commandLine = (): string => `# The command line

${note}

\`layercache\` works on the store that the settings in its environment name ([configuration.md](configuration.md)), or with
\`--server\` on a server that runs, through its [admin API](api.md). Both do the same. In a clone the command is
\`npm exec -- node src/cli.ts\`.

- \`--json\` answers one JSON document on standard output, in the shape that [api.md](api.md) names. Without it answers
  are for people, in colour on a terminal unless \`NO_COLOR\` is set. Progress and errors go to standard error.
- \`--server\`, or \`LAYERCACHE_SERVER\`: the URL of a server. Its token is in \`LAYERCACHE_TOKEN\`, or \`--token\`, which others on
  the machine can see.
- What deletes shows first what goes, how many bytes that is and why, and asks. \`--yes\` does not ask, \`--dry-run\` only
  shows. Where there is no terminal to ask at, it deletes nothing without \`--yes\`, and exits 1. If something else would go by
  the time of the answer, nothing goes. Only \`gc run\` is no plan: it runs in any case, asks where something would go, and does
  what is due by then.
- A ref that is deleted is gone at once. Its bytes are deleted by the collector, when imports under way have ended:
  the answer says when.

## Exit codes

${table(
	['code', 'meaning'],
	Object.values(exitCodes).map(({code, meaning}) => [String(code), meaning]),
)}

## Completion

\`\`\`sh
layercache completion bash >> ~/.bashrc
layercache completion zsh > "\${fpath[1]}/_layercache"
layercache completion fish > ~/.config/fish/completions/layercache.fish
\`\`\`

## Commands

${leaves(program, 'layercache').map(commandPage).join('\n\n')}
`;

const fieldRow = ({name, kind, choices, required, about, default: value}: Field): string[] => [
	`\`${name}\``,
	[choices ? choices.map(choice => `\`${choice}\``).join(', ') : kind, required ? 'needed' : ''].filter(Boolean).join(', '),
	`${about}${value === undefined || value === false ? '' : ` (\`${value}\` where nothing is said)`}`,
];

const routePage = ({name, method, path}: ApiRoute): string => {
	const facts: OperationFacts = operations[name];
	const fields = fieldsOf(facts);
	return [
		`### \`${method} ${path}\``,
		sentences(facts.summary) + (facts.about ? ` ${facts.about}` : '') + (facts.job ? ' Answers 202 with a job.' : ''),
		...(fields.length > 0 ? [table([method === 'GET' ? 'query' : 'field', 'kind', 'meaning'], fields.map(fieldRow))] : []),
		`Answer: \`${Object.keys(facts.output.shape).join('`, `')}\`. On the command line: \`layercache ${name.replaceAll('.', ' ')}\`.`,
	].join('\n\n');
};

const errorRows = Object.entries(apiErrors).map(([code, status]) => [String(status), `\`${code}\``, errorMeanings[code as ApiErrorCode]]);

const api = (): string => `# The admin API

${note}

The same operations as the [command line](cli.md) has. \`GET ${openApiPath}\` answers the whole of it as an OpenAPI 3.1
document, with the schema of each answer; the tests hold every answer against it.

- **Who may ask.** With \`LAYERCACHE_ADMIN_TOKEN\` set, whoever sends \`Authorization: Bearer\` and that token. Without it only
  clients on the same machine, at \`127.0.0.1\`, \`[::1]\` or \`localhost\`, and through no proxy; where
  \`LAYERCACHE_PUBLIC_URL\` has another name nobody. A proxy on the same machine that does not say for whom it asks looks like
  such a client: set a token there. With \`LAYERCACHE_AUTH=required\` it is for that token and for whoever may \`admin\`, by Basic or
  as a bearer: [auth.md](auth.md). \`GET /api/v1/refs/<repository>:<tag>\`, which tells what an import is answered
  ([cache-refs.md](cache-refs.md)), is for those who may pull the tag.
- **What changes something** is a POST with \`Content-Type: application/json\`. One that a page of another site has sent is
  refused, by \`Sec-Fetch-Site\` and \`Origin\`; and no other site is ever allowed to send JSON.
- **Long work** answers 202 with a job and its \`Location\`. \`GET ${jobsPath}<id>\` tells how far it has come, and what it
  answered. What is known of a job lies in the store, so any server of that store can be asked. The last 200 are kept.
  A server runs four at a time; a job whose server ends has failed with \`lost\`, and can be begun again.
- **What removes** takes \`dryRun\`, and answers a \`plan\` that names what would go. Sent again with it, exactly that goes, or
  nothing (409).
- Times are ISO 8601 by the store's clock, sizes are bytes, and durations are texts such as \`7d\`.

\`\`\`sh
curl -H "Authorization: Bearer $LAYERCACHE_TOKEN" 'http://127.0.0.1:5000/api/v1/refs/list?sort=size&limit=10'
curl -H "Authorization: Bearer $LAYERCACHE_TOKEN" -H 'Content-Type: application/json' \\
  -d '{"tag": "pr-*", "olderThan": "30d", "dryRun": true}' http://127.0.0.1:5000/api/v1/prune
\`\`\`

## Errors

\`{"error": {"code", "message", "advice", "requestId"}}\`, always; \`advice\` says what to do, where there is something.

${table(['status', 'code', 'meaning'], errorRows)}

## Operations

${apiRoutes.map(routePage).join('\n\n')}
`;

const pages = {'cli.md': commandLine(), 'api.md': api()};
for (const [name, text] of Object.entries(pages)) {
	const file = new URL(`../docs/${name}`, import.meta.url);
	if (!argv.includes('--check')) writeFileSync(file, text);
	else if (readFileSync(file, 'utf8') !== text) {
		stderr.write(`docs/${name} is not what the table of operations says: run \`npm run docs\`\n`);
		exit(1);
	}
}
