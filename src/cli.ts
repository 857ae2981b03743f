#!/usr/bin/env node
/** The `layercache` command: serve, and what an administrator does beside it. */
import {Command} from 'commander';
import {createStore} from './app.ts';
import {examine, type Finding} from './operations/doctor.ts';
import {checkPolicy, explainRef, type Report} from './operations/policyReports.ts';
import {version} from './version.ts';

const program = new Command('layercache')
	.description('A build-cache registry: BuildKit caches in one S3 bucket, or in one folder')
	.version(version, '-V, --version')
	.addHelpText('after', '\nSettings are read from the environment (LAYERCACHE_*): docs/configuration.md');

program
	.command('serve')
	.description('serve until SIGTERM; without any setting on 127.0.0.1:5000, in ./data')
	.action(async () => {
		await import('./main.ts');
	});

program
	.command('doctor')
	.description('check the settings and the store, and say what to mend; exits 1 when something would keep the server from starting')
	.option('--json', 'one JSON object a line')
	.action(async ({json}: {json?: true}) => {
		for await (const finding of examine({environment: process.env, createStore: settings => createStore(settings), clock: Date.now})) {
			process.stdout.write(json ? `${JSON.stringify(finding)}\n` : describe(finding));
			if (finding.state === 'failed') process.exitCode = 1;
		}
	});

const policy = program
	.command('policy')
	.description('the policy file: exits 0 where it can be used, 1 where it has problems, 2 where there is nothing to look at');

policy
	.command('check')
	.argument('[file]', 'by default LAYERCACHE_POLICY')
	.description('name everything that is wrong with the policy file, each with its line')
	.option('--json', 'as one JSON object')
	.action(async (file: string | undefined, {json}: {json?: true}) => tell(await checkPolicy(file ?? process.env.LAYERCACHE_POLICY), json));

policy
	.command('explain')
	.argument('<ref>', 'such as ci/app:pr-12 or ci/app:pr-12..main')
	.description('say what happens to a ref, by which rules, and why others do not apply')
	.option('--file <file>', 'by default LAYERCACHE_POLICY')
	.option('--json', 'as one JSON object')
	.action(async (ref: string, {file, json}: {file?: string; json?: true}) =>
		tell(await explainRef(ref, file ?? process.env.LAYERCACHE_POLICY), json),
	);

program
	.command('version')
	.description('print the version')
	.action(() => {
		process.stdout.write(`${version}\n`);
	});

const tell = ({exitCode, lines, facts}: Report, json?: true) => {
	process.stdout.write(json ? `${JSON.stringify(facts)}\n` : lines.map(line => `${line.trimEnd()}\n`).join(''));
	process.exitCode = exitCode;
};

const describe = ({check, state, fact, advice}: Finding) =>
	`${{ok: 'ok    ', note: 'note  ', failed: 'FAILED'}[state]}  ${check}: ${fact}\n${advice ? `        -> ${advice}\n` : ''}`;

await program.parseAsync();
