// The TypeScript SDK's client against a running example server:
// `node client.mjs http://127.0.0.1:8000/sse`.

import assert from 'node:assert/strict';

import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { SSEClientTransport } from '@modelcontextprotocol/sdk/client/sse.js';
import { EmptyResultSchema } from '@modelcontextprotocol/sdk/types.js';

import { SDK, check, finish, listen, noComplaints, reports, sleep } from './checks.mjs';

const URL_ = new URL(process.argv[2]);
const INVALID_PARAMS = -32602;
const METHOD_NOT_FOUND = -32601;

/** A session, initialized. */
async function connect() {
    const client = new Client({ name: 'client', version: '0' });
    listen(client);
    await client.connect(new SSEClientTransport(URL_));
    return client;
}

const uriOf = client => client.transport._endpoint.href;

async function call(client, name, args, options) {
    const { content } = await client.callTool({ name, arguments: args }, undefined, options);
    assert.equal(content.length, 1);
    return content[0].text;
}

async function echo(client, text) {
    const found = await call(client, 'echo', { text });
    assert.ok(found === text, `${found.slice(0, 300)} is not ${text.slice(0, 300)}`);
}

async function ping(client) {
    for (let turn = 0; turn < 3; turn += 1) await client.ping();
}

async function listTools(client) {
    const { tools } = await client.listTools();
    assert.deepEqual(tools.map(tool => tool.name), ['echo', 'add', 'count']);
}

async function callEcho(client) {
    await echo(client, 'Hello');
    await echo(client, '');
}

async function callAdd(client) {
    assert.equal(Number(await call(client, 'add', { a: 2, b: 0.5 })), 2.5);
}

async function callCount(client) {
    await reports(client, 3, async onprogress =>
        assert.equal(await call(client, 'count', { to: 3 }, { onprogress }), 'counted to 3'));
}

async function errors(client) {
    await assert.rejects(call(client, 'no such tool', {}), { code: INVALID_PARAMS });
    await assert.rejects(call(client, 'add', { a: 'one', b: 2 }), { code: INVALID_PARAMS });
    const request = { method: 'no/such/method' };
    await assert.rejects(client.request(request, EmptyResultSchema), { code: METHOD_NOT_FOUND });
    await client.ping();
}

async function largeText(client) {
    const piece =
        '\u2028 \u2029 \x85 😀👩‍👩‍👧 ü "quoted" \'too\' \\ \\n \n \r\n \r \t \0 data: \n\nevent: endpoint\n';
    await echo(client, piece.repeat(2 ** 20 / Buffer.byteLength(piece) + 1));
}

async function parallelSessions() {
    const clients = await Promise.all(Array.from({ length: 50 }, connect));
    assert.equal(new Set(clients.map(uriOf)).size, clients.length);
    await Promise.all(clients.map(async (client, number) => {
        for (let turn = 0; turn < 10; turn += 1) {
            await echo(client, `session ${number}, turn ${turn} ${'x'.repeat(number)}`);
        }
    }));
    await Promise.all(clients.map(client => client.close()));
}

async function disconnect() {
    const client = await connect();
    await client.ping();
    const uri = uriOf(client);
    await client.close();
    // The server notices it a moment later.
    let answer;
    for (let turn = 0; turn < 100; turn += 1) {
        answer = await post(uri);
        if (answer.status !== 202) break;
        await sleep(0.05);
    }
    assert.deepEqual(answer, { status: 404, text: 'Could not find session' });
}

async function post(uri) {
    const response = await fetch(uri, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: '{"jsonrpc":"2.0","method":"notifications/initialized"}',
    });
    return { status: response.status, text: await response.text() };
}

async function idle() {
    const client = await connect();
    await sleep(17);
    await client.ping();
    await echo(client, 'still here');
    await client.close();
}

console.log(`${SDK} at ${URL_}`);
const idler = check('17 idle seconds', idle);
let client;
await check('initialize', async () => {
    client = await connect();
    assert.equal(client.getServerVersion().name, 'quickstart');
    assert.equal(client.transport._protocolVersion, '2024-11-05');
});
await check('ping', () => ping(client));
await check('tools/list', () => listTools(client));
await check('tools/call echo', () => callEcho(client));
await check('tools/call add', () => callAdd(client));
await check('tools/call count, with progress', () => callCount(client));
await check('errors have their codes', () => errors(client));
await check('1 MiB of text comes back intact', () => largeText(client));
await check('50 sessions side by side', parallelSessions);
await check('no session after a disconnect', disconnect);
await idler;
await check('no complaint of the SDK', noComplaints);
finish();
