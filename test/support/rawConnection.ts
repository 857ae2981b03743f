/** One connection on which a test writes what no client would, byte for byte. */
import {connect} from 'node:net';

/** Resolves with all that came when the server has closed the connection; text as Latin-1, a character a byte. `afterFirstBytes` is sent once an answer begins. */
export const sendRaw = (url: string, text: string, {afterFirstBytes = ''} = {}): Promise<string> =>
	new Promise((resolve, reject) => {
		const {hostname, port} = new URL(url);
		let answer = '';
		const socket = connect(Number(port), hostname, () => socket.write(Buffer.from(text, 'latin1')));
		socket.setEncoding('latin1');
		socket.on('data', chunk => {
			if (answer === '' && afterFirstBytes) socket.write(Buffer.from(afterFirstBytes, 'latin1'));
			answer += chunk;
		});
		// What the server does not read any more it resets; what it had said before counts.
		socket.on('error', error => (answer === '' ? reject(error) : resolve(answer)));
		socket.on('close', () => resolve(answer));
	});

/** The status of each answer. */
export const statusesIn = (answers: string): number[] =>
	[...answers.matchAll(/^HTTP\/1\.1 (\d{3}) /gm)].map(([, status]) => Number(status));
