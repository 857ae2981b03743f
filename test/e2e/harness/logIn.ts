/** A builder's clients logged in to a registry, as `docker login` leaves it. */
import {mkdir, writeFile} from 'node:fs/promises';
import {dirname} from 'node:path';
import {dockerConfig} from './build.ts';
import type {Buildkitd} from './buildkitd.ts';

/** For buildctl and buildx with this builder. The name is any where the password says who it is, as the token of a job does. */
export const logIn = async (builder: Buildkitd, host: string, password: string, name = 'ci'): Promise<void> => {
	const auth = Buffer.from(`${name}:${password}`).toString('base64');
	const path = `${dockerConfig(builder)}/config.json`;
	await mkdir(dirname(path), {recursive: true});
	await writeFile(path, JSON.stringify({auths: {[host]: {auth}}}));
};
