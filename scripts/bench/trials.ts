/** What was measured: numbers by name, for one subject in one round of one case. */

export type Figures = Readonly<Record<string, number>>;

export interface Trial {
	/** What is the same for all who are compared: "10 layers, 30 ms". */
	readonly case: string;
	readonly subject: string;
	readonly round: number;
	readonly figures: Figures;
}

/** Figures by the case that they belong to: one run may tell of several. */
export type Measured = Readonly<Record<string, Figures>>;

interface Rounds<Subject extends string> {
	readonly subjects: readonly Subject[];
	readonly rounds: number;
	/** Told of every measurement, the warm-up's too. */
	readonly report: (line: string) => void;
}

export interface RoundsOptions<Subject extends string> extends Rounds<Subject> {
	readonly measure: (subject: Subject, round: number) => Promise<Measured>;
}

/**
 * Everyone once in each round, a different one first each time, so that what one leaves behind (a full disk cache, a
 * busy processor) does not always meet the same neighbour. Round 0 is the warm-up and is not returned.
 */
export const runRounds = <Subject extends string>({measure, ...rounds}: RoundsOptions<Subject>): Promise<Trial[]> =>
	runRoundsTogether({
		...rounds,
		async measureAll(subjects, round, tell) {
			for (const subject of subjects) tell(subject, await measure(subject, round));
		},
	});

export interface RoundsTogetherOptions<Subject extends string> extends Rounds<Subject> {
	/** All subjects of one round, in its order. */
	readonly measureAll: (subjects: readonly Subject[], round: number, tell: (subject: Subject, measured: Measured) => void) => Promise<void>;
}

/** As `runRounds`, for what is so short that its subjects take turns within a round. */
export const runRoundsTogether = async <Subject extends string>(options: RoundsTogetherOptions<Subject>): Promise<Trial[]> => {
	const {subjects, rounds, measureAll, report} = options;
	const trials: Trial[] = [];
	for (let round = 0; round <= rounds; round++) {
		await measureAll(rotated(subjects, round), round, (subject, measured) => {
			for (const [name, figures] of Object.entries(measured)) {
				report(`${name} | ${round === 0 ? 'warm-up' : `round ${round}`} | ${subject} | ${formatFigures(figures)}`);
				if (round > 0) trials.push({case: name, subject, round, figures});
			}
		});
	}
	return trials;
};

export const rotated = <T>(items: readonly T[], by: number): T[] => {
	const start = items.length === 0 ? 0 : by % items.length;
	return [...items.slice(start), ...items.slice(0, start)];
};

const formatFigures = (figures: Figures) =>
	Object.entries(figures)
		.map(([name, value]) => `${name} ${Number(value.toPrecision(4))}`)
		.join(', ');
