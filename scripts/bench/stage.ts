/** What a scenario plays on: an S3 server of its own, and at some distance from it those who are compared. Gone, with all bytes, when it is over. */
import {startMinio} from '../../test/e2e/harness/minio.ts';
import type {S3Server} from '../../test/e2e/harness/s3Server.ts';
import {createScope, type Scope} from '../../test/e2e/harness/scope.ts';
import {atDistance} from './latency.ts';
import {checkCounting} from './s3Requests.ts';
import {type BenchOptions, roundsOf} from './scenario.ts';
import {isAvailable, type Subject, type SubjectName, startSubject, subjectNames} from './subjects.ts';
import {type Measured, runRounds, type Trial} from './trials.ts';

export interface Stage {
	readonly scope: Scope;
	readonly minio: S3Server;
}

export const onStage = async <T>(play: (stage: Stage) => Promise<T>): Promise<T> => {
	const scope = createScope();
	try {
		const minio = await startMinio(scope);
		await checkCounting(minio);
		return await play({scope, minio});
	} finally {
		await scope.end();
	}
};

/** Rounds of all who are compared, at one distance from S3; `usualRounds` where the options name no number. */
export const compareSubjects = async (
	{scope, minio}: Stage,
	{roundTripMs, usualRounds, options}: {readonly roundTripMs: number; readonly usualRounds: number; readonly options: BenchOptions},
	measure: (subject: Subject) => Promise<Measured>,
): Promise<Trial[]> => {
	const {subjects: names = subjectNames.filter(isAvailable), report} = options;
	const s3 = await atDistance(scope, minio, roundTripMs);
	const started = new Map<SubjectName, Subject>();
	for (const name of names) started.set(name, await startSubject(scope, name, s3));
	return runRounds({
		subjects: names,
		rounds: roundsOf(options, usualRounds),
		report,
		async measure(name) {
			const subject = started.get(name);
			if (!subject) throw new Error(`${name} was not started`);
			return measure(subject);
		},
	});
};
