/** What a scenario plays on: an S3 server of its own, and at some distance from it those who are compared. Gone, with all bytes, when it is over. */
import {startMinio} from '../../test/e2e/harness/minio.ts';
import type {S3Server} from '../../test/e2e/harness/s3Server.ts';
import {createScope, type Scope} from '../../test/e2e/harness/scope.ts';
import {atDistance} from './latency.ts';
import {checkCounting} from './s3Requests.ts';
import {isAvailable, type Subject, type SubjectName, startSubject, subjectNames} from './subjects.ts';

export interface Stage {
	readonly scope: Scope;
	readonly minio: S3Server;
}

export interface Cast {
	readonly names: readonly SubjectName[];
	subject(name: SubjectName): Subject;
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

export const startSubjects = async (
	{scope, minio}: Stage,
	roundTripMs: number,
	names: readonly SubjectName[] = subjectNames.filter(isAvailable),
): Promise<Cast> => {
	const s3 = await atDistance(scope, minio, roundTripMs);
	const subjects = new Map<SubjectName, Subject>();
	for (const name of names) subjects.set(name, await startSubject(scope, name, s3));
	return {
		names,
		subject(name) {
			const subject = subjects.get(name);
			if (!subject) throw new Error(`${name} was not started`);
			return subject;
		},
	};
};
