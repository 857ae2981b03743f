/** Defences against a registry elsewhere, and for what it trusts us with. */
import type {Mutation} from './mutation.ts';

const answers = 'test/faults/upstreamAnswers.test.ts';

export const upstreamMutations: readonly Mutation[] = [
	{
		threat: 'Credentials of an upstream that follow a redirect',
		file: 'src/upstream/remoteClient.ts',
		take: 'isOurs &&= next.origin === origin;',
		leave: '',
		test: {file: answers, title: 'who is sent to another host is nobody there, and is verified all the same'},
	},
	{
		threat: 'Credentials of an upstream for a realm that it names',
		file: 'src/upstream/tokens.ts',
		take: 'if (!url || !isSafe)',
		leave: 'if (!url)',
		test: {file: 'test/faults/upstreamTokens.test.ts', title: 'a realm on another host is given nothing unless it is https'},
	},
	{
		threat: 'Credentials that an upstream says back',
		file: 'src/upstream/secrets.ts',
		take: "clean = clean.replace(pattern, '…');",
		leave: 'clean = clean.replace(pattern, same => same);',
		test: {file: 'test/faults/upstreamSecrets.test.ts', title: 'what is heard as … and said back … is told to nobody'},
	},
	{
		threat: 'A redirect of an upstream out of TLS',
		file: 'src/upstream/redirects.ts',
		take: "(url.protocol === 'http:' && from.protocol === 'http:')",
		leave: "url.protocol === 'http:'",
		test: {file: 'test/unit/upstreamRedirects.test.ts', title: 'nobody goes from TLS into the open, nor anywhere but the web'},
	},
	{
		threat: 'A list of an upstream that goes on at another host',
		file: 'src/upstream/remoteLists.ts',
		take: 'return url.origin === origin.origin ? url : undefined;',
		leave: 'return url;',
		test: {file: answers, title: 'a list that leads to another host ends there, and one that leads to itself is an error'},
	},
	{
		threat: 'Other bytes from an upstream',
		file: 'src/upstream/resumingBlob.ts',
		take: 'if (actual !== digest) throw failure(`sends bytes that are not ${digest} but ${actual}`);',
		leave: '',
		test: {file: answers, title: 'nobody gets the whole of a blob with wrong bytes'},
	},
	{
		threat: 'Bytes from an upstream without end',
		file: 'src/upstream/resumingBlob.ts',
		take: 'if (position > end + 1) throw failure(`sends more than the ${end + 1 - start} bytes that ${digest} has`);',
		leave: '',
		test: {file: answers, title: 'a blob without a length, or that goes on for ever, is refused'},
	},
];
