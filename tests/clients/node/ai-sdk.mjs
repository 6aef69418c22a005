// The AI SDK, which has a parser and a transport of its own.

import { createMCPClient } from '@ai-sdk/mcp';

import { run } from './checks.mjs';

const cannot = {
    ping: 'its interface has no ping',
    progress: 'its interface has no progress',
    ask: 'it answers elicitation only',
};

await run(async url => {
    const client = await createMCPClient({ transport: { type: 'sse', url } });
    return {
        serverName: client.serverInfo.name,
        list: async () => (await client.listTools()).tools.map(tool => tool.name),
        async call(name, args, { ms, ...options } = {}) {
            const more = { timeout: ms ?? 20000, ...options };
            return (await client.callTool({ name, arguments: args, options: more })).content[0].text;
        },
        close: () => client.close(),
    };
}, cannot);
