import test from 'ava';
import {createLog} from '../../src/telemetry/log.ts';

const logged = (error: unknown) => {
	const lines: string[] = [];
	createLog({format: 'json', level: 'info'}, {write: line => void lines.push(line)}).error({error}, 'failed');
	return lines.join('');
};

test('an error is logged with its causes, without what hangs on it', t => {
	const cause = Object.assign(new Error('inner'), {$response: {headers: {authorization: 'AWS4-HMAC secret'}}});
	const line = logged(Object.assign(new Error('outer', {cause}), {config: {secretAccessKey: 'secret'}}));
	t.like(JSON.parse(line), {level: 'error', msg: 'failed', error: {message: 'outer', cause: {message: 'inner'}}});
	t.false(line.includes('secret'));
});

test('the signature of a presigned URL is taken out of messages', t => {
	const line = logged(new Error('GET http://s3/x?X-Amz-Credential=AKIA%2F1&X-Amz-Signature=abcdef&X-Amz-Security-Token=tok failed'));
	t.notRegex(line, /AKIA|abcdef|=tok/);
	t.regex(line, /X-Amz-Signature=…/);
});

test('a line break in a value cannot make a second line', t => {
	t.is(logged(new Error('one\n{"level":"info"}')).trim().split('\n').length, 1);
});
