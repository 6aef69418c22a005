// The TypeScript SDK's OAuth provider against the `auth` example: `node oauth.mjs target/debug/examples/auth`.
//
// The authorization server is in this file. It knows one user, who consents at once, and hands out the token that
// the example accepts.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { createHash, randomUUID } from 'node:crypto';
import { createServer } from 'node:http';
import { once } from 'node:events';
import { createInterface } from 'node:readline';

import { UnauthorizedError } from '@modelcontextprotocol/sdk/client/auth.js';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { SSEClientTransport } from '@modelcontextprotocol/sdk/client/sse.js';

import { check, finish } from './checks.mjs';

const TOKEN = randomUUID();
const REDIRECT = 'http://127.0.0.1:1/callback';

/** What clients asked of the authorization server. */
const seen = { metadata: 0, registered: 0, authorized: 0, exchanged: 0, refreshed: 0 };
const challenges = new Map();

const authorization = createServer(async (request, response) => {
    const url = new URL(request.url, issuer);
    const json = value => {
        response.writeHead(200, { 'content-type': 'application/json' });
        response.end(JSON.stringify(value));
    };
    let body = '';
    for await (const part of request) body += part;
    if (url.pathname === '/.well-known/oauth-authorization-server') {
        seen.metadata += 1;
        json({
            issuer,
            authorization_endpoint: `${issuer}/authorize`,
            token_endpoint: `${issuer}/token`,
            registration_endpoint: `${issuer}/register`,
            response_types_supported: ['code'],
            grant_types_supported: ['authorization_code', 'refresh_token'],
            code_challenge_methods_supported: ['S256'],
            token_endpoint_auth_methods_supported: ['none']
        });
    } else if (url.pathname === '/register') {
        seen.registered += 1;
        json({ ...JSON.parse(body), client_id: 'the-client' });
    } else if (url.pathname === '/authorize') {
        seen.authorized += 1;
        assert.equal(url.searchParams.get('code_challenge_method'), 'S256');
        // RFC 8707: the token is for this server.
        assert.equal(url.searchParams.get('resource'), new URL(server).origin);
        const code = randomUUID();
        challenges.set(code, url.searchParams.get('code_challenge'));
        response.writeHead(302, { location: `${url.searchParams.get('redirect_uri')}?code=${code}` });
        response.end();
    } else if (url.pathname === '/token') {
        const form = new URLSearchParams(body);
        if (form.get('grant_type') === 'refresh_token') {
            seen.refreshed += 1;
            assert.equal(form.get('refresh_token'), 'refresh');
        } else {
            seen.exchanged += 1;
            const verifier = createHash('sha256').update(form.get('code_verifier')).digest('base64url');
            assert.equal(verifier, challenges.get(form.get('code')));
        }
        json({ access_token: TOKEN, token_type: 'Bearer', refresh_token: 'refresh', expires_in: 3600 });
    } else {
        response.writeHead(404);
        response.end();
    }
});
await new Promise(listening => authorization.listen(0, '127.0.0.1', listening));
const issuer = `http://127.0.0.1:${authorization.address().port}`;

const example = spawn(process.argv[2], ['127.0.0.1:0'], {
    env: { ...process.env, ALICE_TOKEN: TOKEN, ISSUER: issuer },
    stdio: ['ignore', 'pipe', 'inherit']
});
// Also if this script fails.
process.on('exit', () => example.kill('SIGKILL'));
const [line] = await once(createInterface(example.stdout), 'line');
const server = line.split(' ').pop();

/** Keeps everything in memory, as an application would in its store. */
class Provider {
    redirectUrl = REDIRECT;
    clientMetadata = {
        client_name: 'oauth.mjs', redirect_uris: [REDIRECT], token_endpoint_auth_method: 'none',
        grant_types: ['authorization_code', 'refresh_token'], response_types: ['code']
    };
    clientInformation = () => this.information;
    saveClientInformation = information => (this.information = information);
    tokens = () => this.saved;
    saveTokens = tokens => (this.saved = tokens);
    saveCodeVerifier = verifier => (this.verifier = verifier);
    codeVerifier = () => this.verifier;
    redirectToAuthorization = url => (this.url = url);
}

async function connect(provider) {
    const client = new Client({ name: 'oauth', version: '0' });
    const transport = new SSEClientTransport(new URL(server), { authProvider: provider });
    await client.connect(transport);
    return client;
}

const provider = new Provider();

await check('a client without a token is led to the authorization server', async () => {
    const transport = new SSEClientTransport(new URL(server), { authProvider: provider });
    const client = new Client({ name: 'oauth', version: '0' });
    await assert.rejects(client.connect(transport), UnauthorizedError);
    assert.equal(provider.url.origin, issuer);
    // The user consents in a browser, which then opens the application's callback.
    const consent = await fetch(provider.url, { redirect: 'manual' });
    const code = new URL(consent.headers.get('location')).searchParams.get('code');
    await transport.finishAuth(code);
    assert.equal(provider.saved.access_token, TOKEN);
    assert.deepEqual([seen.registered, seen.authorized, seen.exchanged], [1, 1, 1]);
});

await check('with the token it connects and calls tools', async () => {
    const client = await connect(provider);
    const { content } = await client.callTool({ name: 'add', arguments: { a: 2, b: 3 } });
    assert.equal(content[0].text, '5');
    await client.close();
});

await check('a token that expires while the stream is open is renewed, and the session continues', async () => {
    const client = await connect(provider);
    const uri = client.transport._endpoint.href;
    provider.saved = { ...provider.saved, access_token: 'expired' };
    const { content } = await client.callTool({ name: 'echo', arguments: { text: 'renewed' } });
    assert.equal(content[0].text, 'renewed');
    assert.equal(client.transport._endpoint.href, uri);
    assert.equal(seen.refreshed, 1);
    await client.close();
});

example.kill('SIGINT');
const [status] = await once(example, 'exit');
assert.equal(status, 0);
finish();
