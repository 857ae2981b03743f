/** Completion for shells: a script made from the commands themselves. */
import type {Command} from 'commander';

export const shells = ['bash', 'zsh', 'fish'] as const;
export type Shell = (typeof shells)[number];

/** What may follow at one place: after `layercache refs`, say. */
type Place = {path: string; words: readonly Word[]; choices: readonly {flag: string; values: readonly string[]}[]};
type Word = {word: string; about: string};

/** A script that a shell reads at its start. */
export const completionScript = (shell: Shell, program: Command): string => scripts[shell](program.name(), placesOf(program, ''));

const placesOf = (command: Command, path: string): Place[] => {
	const options = command.options.filter(({hidden}) => !hidden);
	return [
		{
			path,
			words: [
				...command.commands.map(child => ({word: child.name(), about: child.summary() || child.description()})),
				...command.registeredArguments.flatMap(argument => (argument.argChoices ?? []).map(word => ({word, about: ''}))),
				...options.map(({long, description}) => ({word: long ?? '', about: description})),
			],
			choices: options.flatMap(({long, argChoices}) => (long && argChoices ? [{flag: long, values: argChoices}] : [])),
		},
		...command.commands.flatMap(child => placesOf(child, `${path} ${child.name()}`.trim())),
	];
};

/** The words so far that name commands, as each script finds them: a word goes on with the path if there is such a place. */
const bash = (name: string, places: readonly Place[]): string => `# ${name} completion bash >> ~/.bashrc
_${name}() {
	local current="\${COMP_WORDS[COMP_CWORD]}" previous="\${COMP_WORDS[COMP_CWORD-1]}" place="" word
	for word in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
		case "\${place:+$place }$word" in
${paths(places, '			')}
		esac
	done
	case "$place $previous" in
${places.flatMap(({path, choices}) => choices.map(({flag, values}) => `		${quote(`${path} ${flag}`)}) COMPREPLY=($(compgen -W ${quote(values.join(' '))} -- "$current")); return ;;`)).join('\n')}
	esac
	case "$place" in
${places.map(({path, words}) => `		${quote(path)}) COMPREPLY=($(compgen -W ${quote(words.map(({word}) => word).join(' '))} -- "$current")) ;;`).join('\n')}
	esac
}
complete -o default -F _${name} ${name}
`;

const zsh = (name: string, places: readonly Place[]): string => `#compdef ${name}
# ${name} completion zsh > "\${fpath[1]}/_${name}"
_${name}() {
	local place="" word
	local -a found
	for word in "\${words[@]:1:$((CURRENT-2))}"; do
		case "\${place:+$place }$word" in
${paths(places, '			')}
		esac
	done
	case "$place \${words[CURRENT-1]}" in
${places.flatMap(({path, choices}) => choices.map(({flag, values}) => `		${quote(`${path} ${flag}`)}) compadd -- ${values.join(' ')}; return ;;`)).join('\n')}
	esac
	case "$place" in
${places.map(({path, words}) => `		${quote(path)}) found=(${words.map(({word, about}) => quote(`${word}:${about}`)).join(' ')}) ;;`).join('\n')}
	esac
	_describe ${name} found || _files
}
if [ "\${funcstack[1]}" = "_${name}" ]; then _${name} "$@"; else compdef _${name} ${name}; fi
`;

const fish = (name: string, places: readonly Place[]): string => `# ${name} completion fish > ~/.config/fish/completions/${name}.fish
function __${name}_path
	set -l place ""
	for word in (commandline -opc)[2..-1]
		switch (string trim -- "$place $word")
${places
	.filter(({path}) => path !== '')
	.map(({path}) => `			case ${quote(path)}\n				set place ${quote(path)}`)
	.join('\n')}
		end
	end
	echo $place
end
complete -c ${name} -f
${places.flatMap(place => fishLines(name, place)).join('\n')}
`;

const fishLines = (name: string, {path, words, choices}: Place): string[] => {
	const at = `complete -c ${name} -n 'test (__${name}_path) = "${path}"'`;
	return words.map(({word, about}) => {
		const values = choices.find(({flag}) => flag === word)?.values;
		const what = word.startsWith('--') ? `-l ${word.slice(2)}${values ? ` -x -a ${quote(values.join(' '))}` : ''}` : `-a ${quote(word)}`;
		return `${at} ${what}${about ? ` -d ${quote(about)}` : ''}`;
	});
};

const scripts: {readonly [S in Shell]: (name: string, places: readonly Place[]) => string} = {bash, zsh, fish};

const paths = (places: readonly Place[], indent: string): string =>
	places
		.filter(({path}) => path !== '')
		.map(({path}) => `${indent}${quote(path)}) place=${quote(path)} ;;`)
		.join('\n');

const quote = (text: string): string => `'${text.replaceAll('\n', ' ').replaceAll("'", `'\\''`)}'`;
