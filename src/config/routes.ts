/** `routes` of the policy: what of a ref stays here, what goes to an upstream, and where a read goes that finds nothing here. */
import {isRepositoryName, type RepositoryName} from 'oci-spec-types';
import {z} from 'zod';
import {nameOf, PatternInvalid, tokenize} from './patternTokens.ts';

/** The name of a repository at its upstream, made of its name here and of parts of it. */
export type RepositoryTemplate = {
	text: string;
	/** Its `{names}`. */
	names: readonly string[];
	/** Undefined where that makes no name. */
	fill(values: Readonly<Record<string, string | undefined>>): RepositoryName | undefined;
};

/** Throws PatternInvalid. */
export const parseRepositoryTemplate = (text: string): RepositoryTemplate => {
	const tokens = tokenize(text, {slashes: true});
	const glob = tokens.find(({kind}) => kind === 'glob');
	if (glob) throw new PatternInvalid(`has ${glob.text}: it names one repository, of {repository} and the names in \`match\``);
	return {
		text,
		names: tokens.filter(({kind}) => kind === 'name').map(nameOf),
		fill(values) {
			const name = tokens.map(token => (token.kind === 'name' ? (values[nameOf(token)] ?? '') : token.text)).join('');
			return isRepositoryName(name) ? name : undefined;
		},
	};
};

/** The whole of the name here, for every template. */
export const wholeName = 'repository';

/** What a route says besides which refs it means. `template` makes a schema of RepositoryTemplate. */
export const routeFields = <T extends z.ZodType<RepositoryTemplate>>(template: T) => ({
	upstream: z.string('must be a name from `upstreams`'),
	repository: template.optional(),
	/** `through`: acknowledged when the upstream has it. `queued`: acknowledged at once, and handed over after. */
	images: z.enum(['through', 'queued', 'here']).default('through'),
	/** `both`: kept here, and handed over after, in the form that any registry takes. */
	caches: z.enum(['here', 'both']).default('here'),
	/** Where a read goes that finds nothing here. */
	reads: z.enum(['upstream', 'here']).default('upstream'),
});
