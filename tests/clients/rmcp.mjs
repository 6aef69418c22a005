// The TypeScript SDK's clients against the running `rmcp` example: `node rmcp.mjs http://127.0.0.1:8000`.
//
// It tests what differs from the Python SDK: cancellation and the fall-back.

import assert from 'node:assert/strict';

import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { SSEClientTransport } from '@modelcontextprotocol/sdk/client/sse.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import {
    CreateMessageRequestSchema,
    ElicitRequestSchema,
    ListRootsRequestSchema,
    LoggingMessageNotificationSchema,
    ResourceUpdatedNotificationSchema,
} from '@modelcontextprotocol/sdk/types.js';

import { SDK, check, finish, listen, noComplaints, reports, sleep } from './checks.mjs';

const BASE = process.argv[2];
const LAST = { uri: 'note://last' };

/** A session, initialized, of a client that answers all that a server may ask. */
async function connect(Transport, path) {
    const capabilities = { elicitation: {}, roots: {}, sampling: {} };
    const client = new Client({ name: 'client', version: '0' }, { capabilities });
    const asked = [];
    client.setRequestHandler(CreateMessageRequestSchema, ({ params }) => {
        asked.push(params.messages[0].content.text);
        const content = { type: 'text', text: 'Because.' };
        return { role: 'assistant', content, model: 'a model' };
    });
    client.setRequestHandler(ElicitRequestSchema, ({ params }) => {
        asked.push(params.message);
        return { action: 'accept', content: { name: 'Ada' } };
    });
    client.setRequestHandler(ListRootsRequestSchema, () => {
        asked.push('roots');
        return { roots: [{ uri: 'file:///a' }] };
    });
    const updates = [];
    const logs = [];
    client.setNotificationHandler(ResourceUpdatedNotificationSchema, ({ params }) => {
        updates.push(params.uri);
    });
    client.setNotificationHandler(LoggingMessageNotificationSchema, ({ params }) => {
        logs.push([params.level, params.data]);
    });
    listen(client);
    await client.connect(new Transport(new URL(path, BASE)));
    return Object.assign(client, { asked, updates, logs });
}

async function call(client, name, args = {}, options) {
    const { content } = await client.callTool({ name, arguments: args }, undefined, options);
    return content[0].text;
}

async function until(condition) {
    for (let turn = 0; turn < 500; turn += 1) {
        if (await condition()) return;
        await sleep(0.01);
    }
    throw new Error('it did not come');
}

async function lastNote(client) {
    const { contents } = await client.readResource(LAST);
    return contents[0].text;
}

async function tools(client) {
    const names = (await client.listTools()).tools.map(tool => tool.name);
    assert.ok(names.includes('add') && names.includes('ask_model'));
    assert.equal(await call(client, 'add', { a: 2, b: 0.5 }), '2.5');
    assert.equal(await call(client, 'user_agent'), 'node');
}

async function progress(client) {
    await reports(client, 3, async onprogress =>
        assert.equal(await call(client, 'count', { to: 3 }, { onprogress }), 'counted to 3'));
}

async function logging(client) {
    await client.setLoggingLevel('error');
    await call(client, 'log', { text: 'a line' });
    // Over Streamable HTTP it comes on another stream than the answer.
    await until(() => client.logs.length > 0);
    assert.deepEqual(client.logs, [['error', 'a line']]);
}

async function resources(client) {
    await client.subscribeResource(LAST);
    const uri = await call(client, 'note', { text: 'seen' });
    await until(() => client.updates.length > 0);
    const { contents } = await client.readResource({ uri });
    assert.equal(contents[0].text, 'seen');
    await client.unsubscribeResource(LAST);
    const listed = [];
    let cursor;
    do {
        const page = await client.listResources({ cursor });
        listed.push(...page.resources.map(resource => resource.uri));
        cursor = page.nextCursor;
    } while (cursor);
    assert.ok(listed.includes(uri));
}

async function prompts(client) {
    const args = { name: 'Ada', language: 'French' };
    const { messages } = await client.getPrompt({ name: 'greet', arguments: args });
    assert.equal(messages[0].content.text, 'Please greet Ada in French.');
    const ref = { type: 'ref/prompt', name: 'greet' };
    const argument = { name: 'language', value: 'E' };
    const { completion } = await client.complete({ ref, argument });
    assert.deepEqual(completion.values, ['English', 'Esperanto']);
}

async function questions(client) {
    assert.equal(await call(client, 'ask_model', { question: 'Why?' }), 'Because.');
    assert.equal(await call(client, 'ask_name'), 'Hello, Ada');
    assert.equal(await call(client, 'ask_roots'), 'file:///a');
    assert.deepEqual(client.asked, ['Why?', 'Who are you?', 'roots']);
}

async function cancellation(client) {
    const cancel = new AbortController();
    const work = call(client, 'work', {}, { signal: cancel.signal });
    await until(async () => (await lastNote(client)) === 'work began');
    cancel.abort('enough');
    await assert.rejects(work);
    await until(async () => (await lastNote(client)) === 'work was cancelled');
    await client.ping();
}

async function allOfIt(Transport, path) {
    const client = await connect(Transport, path);
    for (const feature of [
        tools, progress, logging, resources, prompts, questions, cancellation,
    ]) {
        await check(`${path}: ${feature.name}`, () => feature(client));
    }
    await client.close();
}

/** As the SDK's own documentation does it. */
async function newOrOld(path, expected) {
    let client;
    try {
        client = await connect(StreamableHTTPClientTransport, path);
    } catch {
        client = await connect(SSEClientTransport, path);
    }
    assert.equal(client.transport.constructor, expected);
    assert.equal(await call(client, 'add', { a: 1, b: 1 }), '2');
    await client.close();
}

console.log(`${SDK} at ${BASE}`);
for (const path of ['/sse', '/both']) {
    await check(`HTTP+SSE at ${path}`, () => allOfIt(SSEClientTransport, path));
}
for (const path of ['/mcp', '/both']) {
    await check(`Streamable HTTP at ${path}`, () => allOfIt(StreamableHTTPClientTransport, path));
}
await check('no complaint of the SDK', noComplaints);
await check('new or old at /mcp', () => newOrOld('/mcp', StreamableHTTPClientTransport));
await check('new or old at /both', () => newOrOld('/both', StreamableHTTPClientTransport));
await check('new or old at /sse', () => newOrOld('/sse', SSEClientTransport));
finish();
