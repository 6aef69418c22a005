// A client of the TypeScript SDK whose connections are cut: `returning.mjs PROXY CONTROL HOW CLIENTS ECHO SLOW`.
//
// ECHO is the name of the argument of the tool `echo`; SLOW is a tool that takes long, with its arguments, as JSON.
// After the SDK has opened a new stream by itself, the first call must succeed, and the second.

import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';

import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { SSEClientTransport } from '@modelcontextprotocol/sdk/client/sse.js';

const [PROXY, CONTROL, HOW, CLIENTS, ECHO, SLOW] = process.argv.slice(2);
// Behind the gateway, 50 clients start 50 processes at once.
const PATIENCE = { timeout: 150_000 };

async function connect() {
    const client = new Client({ name: 'returning', version: '0' });
    await client.connect(new SSEClientTransport(new URL(`${PROXY}/sse`)), PATIENCE);
    return client;
}

const control = async path => (await fetch(`${CONTROL}/${path}`)).text();
const endpoint = client => client.transport._endpoint.href;

async function echo(client, text, options = PATIENCE) {
    const call = { name: 'echo', arguments: { [ECHO]: text } };
    const { content } = await client.callTool(call, undefined, options);
    assert.ok(content[0].text.includes(text), content[0].text);
}

/** Waits until the SDK has a new session. */
async function returned(client, before) {
    for (let turn = 0; turn < 400; turn += 1) {
        if (endpoint(client) !== before) return;
        await sleep(100);
    }
    throw new Error('it opened no new stream in 40 s');
}

/** What happens to the connections, and to a call meanwhile. */
const cuts = {
    all: () => control('cut/all'),
    stream: () => control('cut/stream'),
    async event(client) {
        await control('cut/event');
        // Its answer is what is broken.
        await assert.rejects(echo(client, 'lost', { timeout: 1500 }));
    },
    async call(client) {
        const { name, arguments: args } = JSON.parse(SLOW);
        const open = client.callTool({ name, arguments: args }, undefined, { timeout: 1500 });
        const failed = assert.rejects(open);
        await sleep(300);
        await control('cut/stream');
        await failed;
    },
    restart: () => control('restart'),
};

const clients = await Promise.all(Array.from({ length: Number(CLIENTS) }, connect));
await Promise.all(clients.map((client, number) => echo(client, `before ${number}`)));
const turns = HOW === 'ten' ? 10 : 1;
for (let turn = 0; turn < turns; turn += 1) {
    const before = clients.map(endpoint);
    await (cuts[HOW] ?? cuts.stream)(clients[0]);
    await Promise.all(clients.map(async (client, number) => {
        await returned(client, before[number]);
        await echo(client, `first ${number} ${turn}`);
        await echo(client, `second ${number} ${turn}`);
    }));
}
console.log('ok');
process.exit();
