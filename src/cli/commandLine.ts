/** The whole command line, put together: a command for each operation, and those that are none. */
import {Argument, Command} from 'commander';
import {version} from '../version.ts';
import {completionScript, type Shell, shells} from './completion.ts';
import {exitCodes, type Outcome} from './exitCodes.ts';
import {addPolicyCommands} from './policyCommands.ts';
import {addOperations, type CommandLineOptions, runCommandLine} from './program.ts';

export type WholeCommandLineOptions = CommandLineOptions & {
	/** Serves until it is told to end. */
	serve: () => Promise<void>;
};

/** Runs one command; answers its exit code, or undefined where the process goes on and decides itself. */
export const runLayercache = async (args: readonly string[], options: WholeCommandLineOptions): Promise<number | undefined> => {
	let outcome: Outcome | undefined;
	const program = createProgram(options, ended => {
		outcome = ended;
	});
	const failed = await runCommandLine(program, args, options.terminal);
	const ended = failed ?? outcome;
	return ended === undefined ? undefined : exitCodes[ended].code;
};

/** All commands. `finish` hears how one has ended. */
export const createProgram = (options: WholeCommandLineOptions, finish: (outcome: Outcome) => void): Command => {
	const {terminal, serve} = options;
	const program = new Command('layercache')
		.description('A build-cache registry: BuildKit caches in one S3 bucket, or in one folder')
		.version(version, '-V, --version')
		.addHelpText('after', '\nSettings are read from the environment (LAYERCACHE_*): docs/configuration.md. All commands: docs/cli.md');

	program.command('serve').description('serve until SIGTERM; without any setting on 127.0.0.1:5000, in ./data').action(serve);
	addOperations(program, options, finish);
	addPolicyCommands(program, options, finish);
	program
		.command('completion')
		.description('print a script that completes commands and options in a shell')
		.addArgument(new Argument('<shell>', 'which shell').choices(shells))
		.action((shell: Shell) => {
			terminal.out(completionScript(shell, program));
			finish('ok');
		});
	program
		.command('version')
		.description('print the version')
		.action(() => {
			terminal.out(`${version}\n`);
			finish('ok');
		});
	return program;
};
