/** An operation's input as a command line has it: `olderThan` is `--older-than`, what is positional stands by itself. */
import {Argument, type Command, Option} from 'commander';
import {type Field, fieldsOf, parseFieldText} from '../operations/fields.ts';
import type {OperationFacts} from '../operations/operation.ts';
import type {Wording} from '../operations/operations.ts';

/** Adds arguments and options to a command; answers how to make the input of what it was given. */
export const addInput = (command: Command, facts: OperationFacts): ((given: Given) => Record<string, unknown>) => {
	const fields = fieldsOf(facts).filter(({name}) => !(facts.removes && name === 'plan'));
	const positional = (facts.positional ?? []).map(name => fields.find(field => field.name === name) as Field);
	const options = fields.filter(field => !positional.includes(field));
	for (const field of positional) command.addArgument(argumentOf(field));
	for (const field of options) command.addOption(optionOf(field));
	return ({args, options: named}) => {
		const entries = [
			...positional.map((field, at) => [field.name, typedValue(field, args[at])] as const),
			...options.map(field => [field.name, typedValue(field, named[field.name])] as const),
		];
		return Object.fromEntries(entries.filter(([, value]) => value !== undefined));
	};
};

/** How the command of this name calls what is wrong with its input. */
export const wordingOf = (name: string, {positional = []}: OperationFacts): Wording => ({
	nameOf: field => (positional.includes(field) ? field : `--${kebab(field)}`),
	advice: `\`layercache ${name.replaceAll('.', ' ')} --help\` says what it takes`,
});

export type Given = {args: readonly unknown[]; options: Readonly<Record<string, unknown>>};

const argumentOf = ({name, kind, about, required}: Field): Argument => {
	const shown = kind === 'list' ? `${name}...` : name;
	return new Argument(required ? `<${shown}>` : `[${shown}]`, about);
};

const optionOf = (field: Field): Option => {
	const {name, kind, choices} = field;
	const flag = `--${kebab(name)}`;
	const option = new Option(kind === 'boolean' ? flag : `${flag} <${kind === 'number' ? 'n' : kebab(name)}>`, describe(field));
	if (choices) option.choices(choices);
	return option;
};

const typedValue = (field: Field, given: unknown): unknown => (typeof given === 'string' ? parseFieldText(field, given) : given);

const kebab = (name: string) => name.replaceAll(/[A-Z]/g, letter => `-${letter.toLowerCase()}`);

/** Descriptions are written for Markdown. */
const describe = ({about, default: value}: Field): string =>
	`${about.replaceAll('`', '')}${value === undefined || value === false ? '' : ` (default: ${value})`}`;
