/** The server process: `node src/main.ts`, or `layercache serve`. */
import {flushCompileCache} from 'node:module';
import process from 'node:process';
import {fileURLToPath} from 'node:url';

// What a server of layers allocates is chunks that live for a moment. By default V8 lets some 64 MiB of them pile up before it looks;
// collected sooner, they take no more time, and memory peaks some 60 MiB lower. So little is collected faster by one thread than by several
// that wait for each other, above all where the other cores have work of their own. This can only be said at the start
// of a process, so this one starts anew, in its own place: same id, same terminal. Windows cannot, and does without.
const youngHeap = ['--max-semi-space-size=2', '--no-parallel-scavenge'];
// One arena of malloc wastes less than one for each thread. A copy on disk holds a thread for its whole length; four would stop all others.
const ofItsOwn = {
	MALLOC_ARENA_MAX: '1',
	UV_THREADPOOL_SIZE: '16',
	// What was compiled once is not again, and some 20 MiB that only compiling needs stay free. Beside the code: whoever may write there may
	// change the code itself. Where nobody may, all goes on without.
	NODE_COMPILE_CACHE: fileURLToPath(new URL('../.compiled', import.meta.url)),
};
if (process.execve && !youngHeap.every(flag => process.execArgv.includes(flag))) {
	process.execve(process.execPath, [process.execPath, ...youngHeap, ...process.execArgv, ...process.argv.slice(1)], {
		...ofItsOwn,
		...process.env,
	});
}

const {serve} = await import('./serve.ts');
// Now, and not at an end that may come by a kill.
flushCompileCache();
await serve();
