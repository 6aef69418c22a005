// The TypeScript SDK's client against a gateway in front of a Streamable HTTP server:
// `node gateway_upstream.mjs URL SERVER`. gateway_upstream.py documents the arguments.

import assert from 'node:assert/strict';

import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { SSEClientTransport } from '@modelcontextprotocol/sdk/client/sse.js';
import { CreateMessageRequestSchema, ElicitRequestSchema } from '@modelcontextprotocol/sdk/types.js';

import { SDK, check, finish, listen, noComplaints, reports } from './checks.mjs';

const [, , URL_, SERVER] = process.argv;
const EVERYTHING = SERVER === 'everything';
const CLIENTS = 4;

async function connected(use, name = 'one') {
    const capabilities = { sampling: {}, elicitation: {} };
    const client = new Client({ name: 'client', version: '0' }, { capabilities });
    client.setRequestHandler(ElicitRequestSchema, () => ({ action: 'accept', content: { name: 'Ada' } }));
    client.setRequestHandler(CreateMessageRequestSchema, () => ({
        role: 'assistant',
        content: { type: 'text', text: 'hello' },
        model: 'none',
    }));
    listen(client);
    const requestInit = { headers: { 'X-Client': name } };
    await client.connect(new SSEClientTransport(new URL(URL_), { requestInit }));
    try {
        await use(client);
    } finally {
        await client.close();
    }
}

async function call(client, name, args = {}, options = undefined) {
    const { content } = await client.callTool({ name, arguments: args }, undefined, options);
    return content[0].text;
}

async function echo(client) {
    assert.ok((await client.listTools()).tools.some(tool => tool.name === 'echo'));
    for (const text of ['Hello', 'two\nlines\r\nand \u2028 more', 'x'.repeat(500_000)]) {
        const found = await call(client, 'echo', { [SERVER === 'rmcp' ? 'text' : 'message']: text });
        assert.ok(found === (EVERYTHING ? `Echo: ${text}` : text), found.slice(0, 300));
    }
}

async function progress(client, steps) {
    const tool = EVERYTHING ? 'trigger-long-running-operation' : 'count';
    const args = EVERYTHING ? { duration: 0.5, steps } : { to: steps };
    await reports(client, steps, onprogress => call(client, tool, args, { onprogress }));
}

async function askedBack(client) {
    if (EVERYTHING) {
        assert.match(await call(client, 'trigger-sampling-request', { prompt: 'Say hello' }), /hello/);
        return;
    }
    assert.equal(await call(client, 'elicit'), 'Ada');
    assert.equal(await call(client, 'sample'), 'hello');
}

async function sideBySide() {
    const numbers = Array.from({ length: CLIENTS }, (_, number) => number);
    await Promise.all(numbers.map(number => connected(client => progress(client, 2 + number), `client-${number}`)));
}

console.log(`${SDK} and ${SERVER} at ${URL_}`);
await check('tools/list and tools/call', () => connected(echo));
await check('progress', () => connected(client => progress(client, 3)));
if (SERVER !== 'rmcp') await check('requests from the server to the client', () => connected(askedBack));
await check(`${CLIENTS} clients side by side`, sideBySide);
await check('no complaint of the SDK', noComplaints);
finish();
