/** Certificates that are made for a test and end soon after it. */
import {execFile} from 'node:child_process';
import {randomUUID} from 'node:crypto';
import {readFile} from 'node:fs/promises';
import {join} from 'node:path';
import {promisify} from 'node:util';

const run = promisify(execFile);

export type TestCertificate = {
	cert: string;
	key: string;
	/** What clients must trust to accept it: itself. */
	pem: string;
};

/** The files of one for 127.0.0.1, localhost and `name`, in `folder`. */
export const makeCertificate = async (folder: string, name = 'cache.example'): Promise<TestCertificate> => {
	const [cert, key] = [join(folder, `${randomUUID()}.crt`), join(folder, `${randomUUID()}.key`)];
	await run('openssl', [
		...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '30'],
		...['-subj', `/CN=${name}`, '-addext', `subjectAltName=DNS:${name},DNS:localhost,IP:127.0.0.1`],
		...['-keyout', key, '-out', cert],
	]);
	return {cert, key, pem: await readFile(cert, 'utf8')};
};
