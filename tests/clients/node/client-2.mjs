// The TypeScript SDK 2.

import { Client, SSEClientTransport } from '@modelcontextprotocol/client';

import { run } from './checks.mjs';

await run(async url => {
    const client = new Client({ name: 'client', version: '0' }, { capabilities: { roots: {} } });
    client.setRequestHandler('roots/list', () => ({ roots: [{ uri: 'file:///a' }] }));
    await client.connect(new SSEClientTransport(new URL(url)));
    return {
        serverName: client.getServerVersion().name,
        ping: () => client.ping(),
        list: async () => (await client.listTools()).tools.map(tool => tool.name),
        async call(name, args, { ms, ...options } = {}) {
            const more = { timeout: ms ?? 20000, ...options };
            return (await client.callTool({ name, arguments: args }, more)).content[0].text;
        },
        close: () => client.close(),
    };
});
