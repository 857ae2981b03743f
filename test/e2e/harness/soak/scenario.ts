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
		[...named('main', 4), ...named('pr', 3), ...named('bulk', 3)].map(
			(tag): SoakRef => ({repository, tag, kept: tag.startsWith('main'), edition: 0, begun: 0, exporting: false}),
		),
	);
	let registry = host;
	return {
		refs,
		moveTo(other: string) {
			registry = other;
		},
		address: ({repository, tag}: SoakRef) => `${registry}/${repository}:${tag}`,
		pick: <T>(choices: readonly T[]): T => choices[Math.floor(random.fraction() * choices.length)] as T,
		chance: (share: number) => random.fraction() < share,
	};
};

/** All lifetimes follow from the quarantine. */
export const policyOf = (quarantineSeconds: number) => `
refs:
  - match: "soak/**:pr-*"
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
