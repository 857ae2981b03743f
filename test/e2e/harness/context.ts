/** A build context that needs no base image: Debian's static busybox on an empty root. */
import {copyFile, writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import {tool} from '../../../scripts/tools.ts';
import type {Scope} from './scope.ts';
import {temporaryFolder} from './temporaryFolder.ts';

export interface Context {
	readonly folder: string;
	/** Writes the file that only the last stage copies, before it copies the result of the stage named "build". Starts at 1. */
	writeSource(edition: number): Promise<void>;
}

/** What a build that finds nothing in any cache runs, sorted: stages run side by side. */
export const allSteps = ['compile', 'pack', 'shell', 'tools'];

/** What is left to run after a change of the source, when the cache holds the stages in between (`mode=max`)… */
export const lastStep = ['pack'];

/** …and when it holds only the layers of the result (`mode=min`): "build" is no part of that, so it runs again. */
export const stepsBeyondMin = ['compile', 'pack', 'tools'];

const dockerfile = (bigBytes: number) => `${shellStage}
FROM shell AS build
RUN echo "ran: tools" && mkdir /out && head -c ${bigBytes} /dev/urandom > /out/random
RUN echo "ran: compile" && head -c 8000000 /dev/zero > /out/zeros && tail -c 1000000 /out/random | sha256sum > /out/app

FROM shell
COPY source.txt /
COPY --from=build /out/app /app
RUN echo "ran: pack" && cat /app /source.txt > /packed
`;

/** The same root for another Dockerfile; `source.txt` is there, too. */
export const contextOf = async (scope: Scope, dockerfile: string): Promise<Context> => {
	const folder = await temporaryFolder(scope, 'context');
	await copyFile(await tool('busybox'), join(folder, 'busybox'));
	await writeFile(join(folder, 'Dockerfile'), dockerfile);
	const writeSource = (edition: number) => writeFile(join(folder, 'source.txt'), `source, edition ${edition}\n`);
	await writeSource(1);
	return {folder, writeSource};
};

/** The stage that the others stand on. */
export const shellStage = `
FROM scratch AS shell
COPY busybox /bin/busybox
RUN ["/bin/busybox", "sh", "-c", "/bin/busybox --install -s /bin && echo ran: shell"]
`;

export const createContext = (scope: Scope, {bigBytes = 24_000_000} = {}): Promise<Context> => contextOf(scope, dockerfile(bigBytes));
