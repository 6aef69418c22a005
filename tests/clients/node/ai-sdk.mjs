// The AI SDK, which has a parser and a transport of its own.

import { ElicitationRequestSchema, createMCPClient } from '@ai-sdk/mcp';

import { run } from './checks.mjs';

const cannot = {
    ping: 'its interface has no ping',
    progress: 'its interface has no progress',
};

// A stream that is reset ends the process, unless the application catches this.
process.on('uncaughtException', error => console.error('uncaught:', error));

await run(async url => {
    const capabilities = { elicitation: {} };
    const client = await createMCPClient({ transport: { type: 'sse', url }, capabilities });
    client.onElicitationRequest(ElicitationRequestSchema, () => ({ action: 'accept', content: {} }));
    return {
        asks: 'elicitation/create',
        serverName: client.serverInfo.name,
        list: async () => (await client.listTools()).tools.map(tool => tool.name),
        async call(name, args, { ms, ...options } = {}) {
            const more = { timeout: ms ?? 20000, ...options };
            return (await client.callTool({ name, arguments: args, options: more })).content[0].text;
        },
        close: () => client.close(),
    };
}, cannot);
