/** Writes docs/configuration.md from the table of settings; with --check only says whether it is up to date. */
import {readFileSync, writeFileSync} from 'node:fs';
import {argv, exit, stderr} from 'node:process';
import {settingsTable} from '../src/config/settings.ts';

const file = new URL('../docs/configuration.md', import.meta.url);

type Row = [name: string, setting: (typeof settingsTable)[keyof typeof settingsTable]];

const defaultOf = ([, {schema, shown}]: Row): string => {
	if (shown) return shown;
	const {data} = schema.safeParse(undefined);
	return data === undefined ? 'none' : `\`${data}\``;
};

const table = (rows: Row[]): string =>
	['| setting | meaning | default |', '|---|---|---|', ...rows.map(row => `| \`${row[0]}\` | ${row[1].about} | ${defaultOf(row)} |`)].join(
		'\n',
	);

const document = (): string => {
	const rooms = Map.groupBy(Object.entries(settingsTable) as Row[], ([, {room}]) => room);
	const parts = [...rooms].map(([room, rows]) => `## ${room}\n\n${table(rows)}`);
	return `# Configuration

<!-- Generated from src/config/settings/ by \`npm run docs\`: change it there. -->

Everything is set by environment variables. An empty value counts as not set. All problems are reported at once, at the
start, and a name that is none of these is refused together with the one that was probably meant. What Kubernetes
injects for a Service named \`layercache\` (\`LAYERCACHE_PORT=tcp://…\`, \`LAYERCACHE_SERVICE_…\`) is ignored with one warning.

AWS credentials have no setting here: they come from AWS's own chain (\`AWS_ACCESS_KEY_ID\` and \`AWS_SECRET_ACCESS_KEY\`,
profiles, web identity of EKS, ECS task roles, EC2 instance roles).

\`layercache doctor\` checks all of it against the store, and says what to mend.

${parts.join('\n\n')}
`;
};

if (argv.includes('--check')) {
	if (readFileSync(file, 'utf8') !== document()) {
		stderr.write('docs/configuration.md is not what src/config/settings/ says: run `npm run docs`\n');
		exit(1);
	}
} else {
	writeFileSync(file, document());
}
