/** Defences between the socket and the request. */
import type {Mutation} from './mutation.ts';

const framing = 'test/security/requestFraming.test.ts';
const refused = (what: string) => ({
	file: framing,
	title: `a request with ${what} is 400, and what follows it on the connection is not served`,
});

export const wireMutations: readonly Mutation[] = [
	{
		threat: 'A transfer coding that a proxy reads otherwise',
		file: 'src/http/framing.ts',
		take: "return coding.toLowerCase() === 'chunked' ? undefined : 'no Transfer-Encoding but chunked is taken';",
		leave: 'return undefined;',
		test: refused('a coding around the chunks'),
	},
	{
		threat: 'Chunks in HTTP/1.0',
		file: 'src/http/framing.ts',
		take: "if (httpVersionMinor === 0) return 'HTTP/1.0 has no Transfer-Encoding';",
		leave: '',
		test: refused('chunks in HTTP/1.0'),
	},
	{
		threat: 'Two hosts, or none, as in HTTP/0.9',
		file: 'src/http/framing.ts',
		take: 'if (hosts > 1 || (hosts === 0 && httpVersionMinor > 0))',
		leave: 'if (hosts < 0)',
		test: refused('two hosts'),
	},
	{
		threat: 'A request behind one that was refused',
		file: 'src/http/connections.ts',
		take: 'if (!connection || connection.isEnded) return undefined;',
		leave: 'if (!connection) return undefined;',
		test: refused('no host'),
	},
	{
		threat: 'Requests without end on one connection, none of which waits for its answer',
		file: 'src/http/server.ts',
		take: 'if (connection.unanswered > mostUnanswered) {',
		leave: 'if (connection.unanswered < 0) {',
		test: {
			file: framing,
			title: 'a connection on which more than 16 requests wait for their answers is cut, and no more of them are served',
		},
	},
	{
		threat: 'Connections to the port of TLS on which nobody speaks',
		file: 'src/http/tlsServer.ts',
		take: 'unfinished.size < mostUnfinished ? [] : unfinished;',
		leave: 'unfinished.size < 0 ? unfinished : new Map<string, Socket>();',
		test: {file: 'test/http/tls.test.ts', title: 'whoever connects again and again and says nothing keeps nobody out'},
	},
	{
		threat: 'A body in pieces of one byte, each of which takes a hundred',
		file: 'src/lib/bytes.ts',
		take: 'let size = 0;',
		leave:
			'let size = 0;\n\tconst all: Uint8Array[] = [];\n\tbody = ((from) => (async function* () { for await (const each of from) { all.push(each); yield each; } })())(body);',
		test: {file: 'test/unit/bytes.test.ts', title: 'many small pieces are not kept one by one'},
	},
	{
		threat: 'Two lengths, a length beside chunks, folded lines, bare line feeds',
		file: 'src/http/server.ts',
		take: 'maxHeaderSize: 32 * 1024,',
		leave: 'maxHeaderSize: 32 * 1024,\n\t\tinsecureHTTPParser: true,',
		test: refused('lines that end with a bare line feed'),
	},
	{
		threat: 'A header put into an answer',
		file: 'src/http/exchange.ts',
		take: '/^[\\w.:-]{1,128}$/.test(given)',
		leave: 'given.length < 128',
		test: {file: 'test/security/logInjection.test.ts', title: '… as User-Agent, path and request id is one line of printable ASCII'},
	},
	{
		threat: 'Commands for a terminal in the log',
		file: 'src/http/exchange.ts',
		take: ".replace(notPrintable, '?')",
		leave: '',
		test: {file: 'test/security/logInjection.test.ts', title: '… as User-Agent, path and request id is one line of printable ASCII'},
	},
	{
		threat: 'A path that climbs out of its repository',
		file: 'src/http/v2.ts',
		take: "const [pathname = '', ...query] = target.split('?');",
		leave: "const {pathname, search: found} = new URL(target, 'http://x');\n\tconst query = [found.slice(1)];",
		test: {
			file: 'test/http/badInput.test.ts',
			title: 'a name that climbs is 400 NAME_INVALID; nothing is stored and nothing logged as a failure of ours',
		},
	},
	{
		threat: 'A name whose key or file is that of another',
		file: 'src/storage/disk/paths.ts',
		take: 'const plain = /[a-z0-9_.-]/;',
		leave: 'const plain = /[a-zA-Z0-9_.-]/;',
		test: {
			file: 'test/security/storeKeys.test.ts',
			title: 'two keys are two files, also where the file system takes capitals for small letters',
		},
	},
];
