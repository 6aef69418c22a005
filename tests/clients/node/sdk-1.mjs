// The TypeScript SDK 1, with the client of Inspector, mcp-remote, Gemini CLI, n8n and others.

import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { SSEClientTransport } from '@modelcontextprotocol/sdk/client/sse.js';
import { ListRootsRequestSchema } from '@modelcontextprotocol/sdk/types.js';

import { run } from './checks.mjs';

await run(async url => {
    const client = new Client({ name: 'client', version: '0' }, { capabilities: { roots: {} } });
    client.setRequestHandler(ListRootsRequestSchema, () => ({ roots: [{ uri: 'file:///a' }] }));
    await client.connect(new SSEClientTransport(new URL(url)));
    return {
        serverName: client.getServerVersion().name,
        ping: () => client.ping(),
        list: async () => (await client.listTools()).tools.map(tool => tool.name),
        async call(name, args, { ms, ...options } = {}) {
            const more = { timeout: ms ?? 20000, ...options };
            return (await client.callTool({ name, arguments: args }, undefined, more)).content[0].text;
        },
        close: () => client.close(),
    };
});
