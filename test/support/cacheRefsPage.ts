/** docs/cache-refs.md as the tests read it: its fenced blocks, each with the heading that it stands under. */
import {readFileSync} from 'node:fs';

export const page = readFileSync(new URL('../../docs/cache-refs.md', import.meta.url), 'utf8');

export type Block = {heading: string; text: string};

export const blocksOf = (text: string, language: string): Block[] =>
	[...text.matchAll(new RegExp(`^\`\`\`${language}\\n([\\s\\S]*?)^\`\`\`$`, 'gm'))].map(({index, 1: block = ''}) => ({
		heading:
			text
				.slice(0, index)
				.match(/^## .*$/gm)
				?.at(-1)
				?.slice(3) ?? '',
		text: block,
	}));

export const policies = blocksOf(page, 'yaml').filter(({text}) => text.startsWith('refs:'));

/** The first policy under a heading. */
export const policyUnder = (heading: string): string => {
	const found = policies.find(policy => policy.heading === heading);
	if (!found) throw new Error(`there is no policy under ${heading}`);
	return found.text;
};
