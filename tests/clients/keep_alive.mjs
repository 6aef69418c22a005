// Which forms of a keep-alive comment the TypeScript SDK's client reads.
//
// It serves a minimal MCP server itself. Hundreds of comments come before, between and after the answers,
// complete or split across writes.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { text } from 'node:stream/consumers';

import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { SSEClientTransport } from '@modelcontextprotocol/sdk/client/sse.js';

import { SDK, check, finish, sleep } from './checks.mjs';

const FORMS = { 'comment line alone': ':\n', 'comment and blank line': ':\n\n' };
const PINGS = 8;
const COMMENTS = 50;

class Server {
    streams = [];
    comments = 0;
    answers = 0;
    // Answers are written one after the other, each with its comments.
    writing = Promise.resolve();

    constructor(form) {
        this.form = form;
    }

    async serve(request, response) {
        if (request.method === 'GET') {
            this.streams.push(response);
            response.writeHead(200, { 'content-type': 'text/event-stream' });
            await this.write('event: endpoint\ndata: /messages/?session_id=1\n\n');
            return;
        }
        const message = JSON.parse(await text(request));
        response.writeHead(202).end();
        if ('id' in message) this.writing = this.writing.then(() => this.answer(message));
        await this.writing;
    }

    async answer({ id, method }) {
        const result = method !== 'initialize' ? {} : {
            protocolVersion: '2024-11-05',
            capabilities: {},
            serverInfo: { name: 'keep-alive', version: '0' },
        };
        const event = `event: message\ndata: ${JSON.stringify({ jsonrpc: '2.0', id, result })}\n\n`;

        await this.whole();
        await this.cut();
        await this.whole();
        // The last comment and the event: in one write, split in the comment, split in the event.
        const { length } = this.form;
        const both = this.form + event;
        const cut = [both.length, 1, length, length + 3, both.length - 1][this.answers % 5];
        await this.write(both.slice(0, cut));
        await this.write(both.slice(cut));
        this.comments += 1;
        this.answers += 1;
        await this.cut();
        await this.write(this.form.repeat(COMMENTS));
        this.comments += COMMENTS;
    }

    async whole() {
        for (let turn = 0; turn < COMMENTS; turn += 1) {
            await this.write(this.form);
            this.comments += 1;
        }
    }

    /** The comment's bytes go out one by one. */
    async cut() {
        for (let turn = 0; turn < COMMENTS; turn += 1) {
            for (const byte of this.form) await this.write(byte);
            this.comments += 1;
        }
    }

    /** One chunk, and time for the client to read it. */
    async write(data) {
        if (data === '') return;
        assert.equal(this.streams.length, 1);
        this.streams[0].write(data);
        await sleep(0.001);
    }
}

async function run(form) {
    const complaints = [];
    const server = new Server(form);
    const listener = createServer((request, response) => {
        server.serve(request, response).catch(error => complaints.push(error));
    });
    listener.listen(0, '127.0.0.1');
    await once(listener, 'listening');

    const client = new Client({ name: 'client', version: '0' });
    client.onerror = error => complaints.push(error);
    const url = new URL(`http://127.0.0.1:${listener.address().port}/sse`);
    await client.connect(new SSEClientTransport(url));
    for (let turn = 0; turn < PINGS; turn += 1) await client.ping();
    await server.writing;
    assert.equal(server.answers, PINGS + 1);
    assert.equal(server.streams.length, 1);
    assert.deepEqual(complaints, []);
    await client.close();
    listener.closeAllConnections();
    listener.close();
    console.log(`       ${PINGS} pings answered among ${server.comments} comments`);
}

console.log(SDK);
for (const [name, form] of Object.entries(FORMS)) {
    await check(`${name}, ${JSON.stringify(form)}`, () => run(form));
}
finish();
