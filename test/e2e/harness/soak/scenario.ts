/** What the soak builds: refs that are kept, refs that expire and refs within a budget, each with layers of its own and of all. */

import {shellStage} from '../context.ts';
import type {Random} from '../random.ts';

export type SoakRef = {
	readonly repository: string;
	readonly tag: string;
	readonly kept: boolean;
	/** The edition that was exported last, 0 where none was. */
	edition: number;
	/** Exports that were begun; one at a time. */
	begun: number;
	exporting: boolean;
};

export type Scenario = ReturnType<typeof createScenario>;

/** In all 20 refs in two repositories. */
export const createScenario = (host: string, random: Random) => {
	const refs = ['soak/app', 'soak/web'].flatMap(repository =>
		[...named('main', 3), 'joint', ...named('pr', 3), ...named('bulk', 3)].map(
			(tag): SoakRef => ({repository, tag, kept: /^(main|joint)/.test(tag), edition: 0, begun: 0, exporting: false}),
		),
	);
	let registry = host;
	const chance = (share: number) => random.fraction() < share;
	const address = ({repository}: SoakRef, tag: string) => `${registry}/${repository}:${tag}`;
	return {
		refs,
		chance,
		moveTo(other: string) {
			registry = other;
		},
		exportAddress: (ref: SoakRef) => address(ref, ref.tag),
		/** Some imports of what is kept go through the tag that unites it. */
		importAddress: (ref: SoakRef) => address(ref, ref.tag.startsWith('main') && chance(0.3) ? 'all' : ref.tag),
		pick: <T>(choices: readonly T[]): T => choices[Math.floor(random.fraction() * choices.length)] as T,
	};
};

/** All lifetimes follow from the quarantine. */
export const policyOf = (quarantineSeconds: number) => `
refs:
  - match: "soak/**:all"
    union: ["main-*"]
  - match: "soak/**:joint"
    onPush: merge
    heads: {count: 3}
  - match: "soak/**:pr-*"
    fallback: ["main-0"]
    expire: {age: ${Math.ceil(quarantineSeconds / 2)}s}
    keep: {superseded: 0}
  - match: "soak/**:**"
    keep: {superseded: 1}
budget:
  - match: "soak/**:bulk-*"
    size: 2MB
`;

/** `constant` is the same line in every edition of a ref, with another result wherever it runs; `edition` is of one edition. */
export const dockerfileOf = ({repository, tag}: SoakRef, edition: number) => `${shellStage}
FROM shell AS build
RUN echo "ran: constant" && : ${repository}:${tag} && head -c 300000 /dev/urandom > /constant
RUN echo "ran: edition" && : ${edition} && head -c 200000 /dev/urandom > /edition && sha256sum /constant /edition > /out
FROM shell
COPY --from=build /out /out
RUN echo "ran: pack" && sha256sum /out > /packed
`;

const named = (name: string, count: number) => Array.from({length: count}, (_, at) => `${name}-${at}`);
