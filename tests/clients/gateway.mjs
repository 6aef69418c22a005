// The TypeScript SDK's client against a running gateway: `node gateway.mjs URL PID SERVER`. gateway.py
// documents the arguments.

import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';

import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { SSEClientTransport } from '@modelcontextprotocol/sdk/client/sse.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';

import { SDK, check, finish, listen, noComplaints, reports, sleep } from './checks.mjs';

const [, , URL_, PID, SERVER] = process.argv;
const EVERYTHING = SERVER === 'everything';
const CLIENTS = 4;

/** A session, initialized. */
async function connect(name = 'one') {
    const client = new Client({ name: 'client', version: '0' });
    listen(client);
    const requestInit = { headers: { 'X-Client': name } };
    await client.connect(new SSEClientTransport(new URL(URL_), { requestInit }));
    return client;
}

async function connected(use, name) {
    const client = await connect(name);
    try {
        await use(client);
    } finally {
        await client.close();
    }
}

async function call(client, name, args = {}, options = undefined) {
    const { content } = await client.callTool({ name, arguments: args }, undefined, options);
    assert.equal(content.length, 1);
    return content[0].text;
}

async function initialize(client) {
    assert.equal(client.getServerVersion().name, EVERYTHING ? 'mcp-servers/everything' : SERVER);
}

async function listTools(client) {
    const tools = (await client.listTools()).tools.map(tool => tool.name);
    assert.ok(tools.includes('echo') && tools.includes(EVERYTHING ? 'get-env' : 'keep'), tools);
}

async function callEcho(client) {
    for (const text of ['Hello', 'two\nlines\r\nand \u2028 more', 'x'.repeat(1_500_000)]) {
        const found = await call(client, 'echo', { message: text });
        assert.ok(found === (EVERYTHING ? `Echo: ${text}` : text), found.slice(0, 300));
    }
}

async function progress(client, steps) {
    const tool = EVERYTHING ? 'trigger-long-running-operation' : 'count';
    const args = EVERYTHING ? { duration: 0.5, steps } : { to: steps };
    await reports(client, steps, onprogress => call(client, tool, args, { onprogress }));
}

/** Each has a process of its own, with its own header, and its own progress under the same token. */
async function sideBySide() {
    const names = Array.from({ length: CLIENTS }, (_, number) => `client-${number}`);
    const clients = await Promise.all(names.map(connect));
    // Those of the sessions before may still end.
    while (children(PID).length > CLIENTS) await sleep(0.05);
    assert.equal(children(PID).length, CLIENTS);
    await Promise.all(clients.map(async (client, number) => {
        const name = names[number];
        await progress(client, 2 + number);
        if (EVERYTHING) {
            assert.equal(JSON.parse(await call(client, 'get-env')).CLIENT, name);
        } else {
            assert.equal(await call(client, 'client'), name);
            assert.equal(await call(client, 'keep', { message: name }), name);
            assert.equal(await call(client, 'keep', { message: 'more' }), `${name} more`);
        }
    }));
    await Promise.all(clients.map(client => client.close()));
}

/** State and parent of a process, if there is one. */
function stat(pid) {
    try {
        const [state, parent] = readFileSync(`/proc/${pid}/stat`, 'utf8').replace(/.*\) /s, '').split(' ');
        return { state, parent };
    } catch {
        return undefined;
    }
}

/** Those too that wait to be reaped, but not the process that ends the children of a gateway that was killed. */
function children(pid) {
    const pids = readdirSync('/proc').filter(name => /^\d+$/.test(name));
    return pids.filter(child => stat(child)?.parent === pid && !isGuard(child));
}

function isGuard(pid) {
    try {
        return readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('--guard-children');
    } catch {
        return false;
    }
}

function descendants(pid) {
    return children(pid).flatMap(child => [child, ...descendants(child)]);
}

async function leave() {
    const client = await connect();
    await client.ping();
    const pids = descendants(PID);
    assert.ok(pids.length > 0);
    await client.close();
    const runs = pid => !'ZX'.includes(stat(pid)?.state ?? 'X');
    while (pids.some(runs) || children(PID).length > 0) await sleep(0.05);
}

/** A client that tries Streamable HTTP first, as the SDK's documentation shows. */
async function fallBack() {
    for (const [path, status] of [['/sse', 405], ['/mcp', 404], ['/', 404]]) {
        const url = new URL(path, URL_);
        const streamable = new Client({ name: 'client', version: '0' });
        const refused = streamable.connect(new StreamableHTTPClientTransport(url));
        await assert.rejects(refused, error => error.code === status, `${path}: not ${status}`);
    }
    await connected(client => call(client, 'echo', { message: 'after all' }));
}

console.log(`${SDK} and ${SERVER} at ${URL_}`);
await check('initialize', () => connected(initialize));
await check('tools/list', () => connected(listTools));
await check('tools/call', () => connected(callEcho));
await check('progress', () => connected(client => progress(client, 3)));
await check(`${CLIENTS} clients side by side, each with its own child`, sideBySide);
await check('a client of Streamable HTTP falls back', fallBack);
await check('no child after a disconnect', leave);
await check('no complaint of the SDK', noComplaints);
finish();
