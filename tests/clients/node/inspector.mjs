// The command line of Inspector. Each call is a process with a session of its own, so a part of the checks does
// not apply.

import { execFile } from 'node:child_process';

import { run } from './checks.mjs';

const PROGRAM = './node_modules/.bin/mcp-inspector';

function inspect(url, ms, ...args) {
    const all = ['--cli', '--transport', 'sse', '--server-url', url, ...args];
    const options = { signal: AbortSignal.timeout(ms ?? 20_000), maxBuffer: 2 ** 26 };
    return new Promise((resolve, reject) => {
        execFile(PROGRAM, all, options, (error, stdout, stderr) => {
            if (!error) return resolve(JSON.parse(stdout));
            const failed = new Error(stderr.trim() || stdout.trim() || error.message);
            // It prints the message, and not the code.
            if (failed.message.includes('it failed, as asked for')) failed.code = -32000;
            reject(failed);
        });
    });
}

const oneCall = 'a session has one call';
const cannot = {
    ping: 'it has no command for it',
    progress: 'it does not print progress',
    cancel: oneCall,
    ask: 'it answers no request of a server',
    sessions: oneCall,
    body_5m: 'an argument of a command ends at 128 KiB',
    body_gone: oneCall,
    cut: oneCall,
    cut_open: oneCall,
};

await run(async url => ({
    serverName: 'clients',
    isCommand: true,
    list: async () =>
        (await inspect(url, undefined, '--method', 'tools/list')).tools.map(tool => tool.name),
    async call(name, args, { ms } = {}) {
        const pairs = Object.entries(args).map(([key, value]) => `${key}=${value}`);
        const call = ['--method', 'tools/call', '--tool-name', name];
        if (pairs.length) call.push('--tool-arg', ...pairs);
        return (await inspect(url, ms, ...call)).content[0].text;
    },
    close() {},
}), cannot);
