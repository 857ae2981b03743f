/** The server process: `node src/main.ts`, or `layercache serve`. */
import process from 'node:process';

// What a server of layers allocates is chunks that live for a moment. By default V8 lets some 64 MiB of them pile up before it looks;
// collected sooner, they take no more time, and a push of 2 GiB peaks at 190 MiB instead of 250. This can only be said at the start
// of a process, so this one starts anew, in its own place: same id, same terminal. Windows cannot, and does without.
const smallYoungHeap = '--max-semi-space-size=2';
if (process.execve && !process.execArgv.includes(smallYoungHeap)) {
	process.execve(process.execPath, [process.execPath, smallYoungHeap, ...process.execArgv, ...process.argv.slice(1)], process.env);
}

const {serve} = await import('./serve.ts');
await serve();
