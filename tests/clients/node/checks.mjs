// The checks, for any client that an adapter wraps: `connect(url)` gives an object with `call(tool, args,
// options)`, `list()`, `ping()` if the client can, `serverName`, and `close()`. The options are `ms`, `signal`,
// `onprogress`. What a client cannot do has a reason in `cannot`.

import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';

const [SERVER, PROXY, CONTROL] = process.argv.slice(2);
const PIECE =
    '\u2028 \u2029 \x85 😀👩‍👩‍👧 ü "quoted" \'too\' \\ \\n \n \r\n \r \t data: \n\nevent: endpoint\n';
const LARGE = PIECE.repeat(Math.floor((200 * 1024) / Buffer.byteLength(PIECE)));

/** All of an error's text, with its causes. */
export function textOf(error) {
    const causes = [];
    for (let cause = error; cause; cause = cause.cause) causes.push(`${cause.message ?? cause}`);
    return causes.join(': ');
}

function tell(check, found, note = '') {
    console.log(JSON.stringify({ check, found, note: `${note}`.slice(0, 300) }));
}

export async function run(connect, cannot = {}) {
    async function check(name, test, seconds = 30) {
        if (cannot[name]) return tell(name, 'not run', cannot[name]);
        const late = new AbortController();
        try {
            const limit = sleep(seconds * 1000, undefined, late).then(() => {
                throw new Error(`not done after ${seconds} s`);
            });
            limit.catch(() => {});
            tell(name, 'ok', (await Promise.race([test(), limit])) ?? '');
        } catch (error) {
            tell(name, textOf(error).slice(0, 300));
        } finally {
            late.abort();
        }
    }

    async function within(name, use, base = SERVER) {
        const client = await connect(`${base}/${name}/sse`);
        try {
            return await use(client);
        } finally {
            await client.close();
        }
    }

    /** The error of a call, which must come soon. */
    async function fails(seconds, call) {
        const start = Date.now();
        let text;
        try {
            await call();
        } catch (error) {
            text = textOf(error);
        }
        assert.ok(text, 'no error');
        const took = (Date.now() - start) / 1000;
        assert.ok(took < seconds, `error after ${Math.round(took)} s: ${text}`);
        return text;
    }

    const echo = async (client, text, options) =>
        assert.ok((await client.call('echo', { text }, options)) === text, 'another text');
    // The server makes the text.
    async function received(client, kib) {
        const pieces = Math.ceil((kib * 1024) / Buffer.byteLength(PIECE));
        const found = await client.call('text', { bytes: kib * 1024 });
        assert.ok(found === PIECE.repeat(pieces), 'another text');
    }
    const cut = async how => (await fetch(`${CONTROL}/cut/${how}`)).text();
    const ended = how => () =>
        within(`end-${how}`, client => soon(client, 'end', { how }));
    // Such a client is a process for each call, whose start takes some seconds.
    const soon = (client, tool, args, seconds = client.isCommand ? 8 : 1.5) =>
        fails(seconds, () => client.call(tool, args, { ms: client.isCommand ? 12_000 : 10_000 }));

    const one = {
        connect: client => assert.equal(client.serverName, 'clients'),
        async ping(client) {
            for (let turn = 0; turn < 3; turn += 1) await client.ping();
        },
        async list(client) {
            const names = await client.list();
            assert.ok(names.includes('echo') && names.includes('end'), `${names}`);
        },
        async tools(client) {
            await echo(client, 'Hello');
            assert.equal(Number(await client.call('add', { a: 2, b: 0.5 })), 2.5);
        },
        async progress(client) {
            const seen = [];
            const onprogress = ({ progress, total }) => seen.push([progress, total]);
            assert.equal(await client.call('count', { to: 3 }, { onprogress }), 'counted to 3');
            assert.deepEqual(seen, [[1, 3], [2, 3], [3, 3]]);
        },
        async error(client) {
            await assert.rejects(client.call('fail', {}), { code: -32000 });
            return soon(client, 'fail', {});
        },
        async cancel(client) {
            const before = await client.call('cancelled', {});
            const cancel = new AbortController();
            const wait = client.call('wait', { ms: 10000 }, { signal: cancel.signal });
            setTimeout(() => cancel.abort('enough'), 200);
            await assert.rejects(wait);
            for (let turn = 0; turn < 50; turn += 1) {
                if ((await client.call('cancelled', {})) !== before) return;
                await sleep(20);
            }
            assert.fail('the server was not told');
        },
        async ask(client) {
            const answer = await client.call('ask', { method: client.asks ?? 'roots/list' });
            assert.match(answer, client.asks ? /accept/ : /file:\/\/\/a/);
        },
        text: client => (client.isCommand ? received(client, 200) : echo(client, LARGE)),
        text_1m: client =>
            client.isCommand
                ? received(client, 1024)
                : echo(client, LARGE + 'x'.repeat(900 * 1024)),
    };

    const others = {
        end_close: ended('close'),
        end_return: ended('return'),
        end_fail: ended('fail'),
        end_panic: ended('panic'),
        end_deadline: ended('deadline'),
        end_idle: () =>
            within('idle', client => soon(client, 'wait', { ms: 60000 }, client.isCommand ? 10 : 4)),
        drain: () =>
            within('drain', async client =>
                assert.equal(await client.call('end', { how: 'drain' }, { ms: 5000 }), 'done'),
            ),
        body_5m: () =>
            within('all', client => fails(5, () => echo(client, 'x'.repeat(5e6), { ms: 10000 }))),
        body_gone: () =>
            within('gone', async client => {
                await client.call('end', { how: 'close' }, { ms: 500 }).catch(() => {});
                return fails(5, () => echo(client, 'x'.repeat(3e6), { ms: 10000 }));
            }),
        async sessions() {
            const clients = await Promise.all(
                Array.from({ length: 20 }, () => connect(`${SERVER}/all/sse`)),
            );
            await Promise.all(clients.map(async (client, number) => {
                for (let turn = 0; turn < 10; turn += 1) {
                    await echo(client, `session ${number}, turn ${turn}`);
                }
            }));
            await Promise.all(clients.map(client => client.close()));
        },
    };

    const long = {
        silence: () =>
            within('silence', async client => {
                if (client.isCommand) return await client.call('wait', { ms: 14_000 });
                await sleep(14_000);
                await echo(client, 'still here');
            }),
        keep_alive: () =>
            within('fast', async client => {
                if (client.isCommand) return await client.call('wait', { ms: 3000 });
                for (let turn = 0; turn < 65; turn += 1) {
                    await echo(client, `${turn}`);
                    await sleep(50);
                }
            }),
        cut: () =>
            within('back', async client => {
                await echo(client, 'before');
                await cut('all');
                let last;
                for (let turn = 0; turn < 6; turn += 1) {
                    try {
                        return await echo(client, 'after', { ms: 2000 });
                    } catch (error) {
                        last = textOf(error);
                    }
                    await sleep(1000);
                }
                assert.fail(`never: ${last}`);
            }, PROXY),
        cut_open: () =>
            within('back-open', client => {
                setTimeout(() => cut('all'), 300);
                return fails(4, () => client.call('wait', { ms: 60000 }, { ms: 5000 }));
            }, PROXY),
    };

    const waiting = [check('silence', long.silence), check('keep_alive', long.keep_alive)];
    // One after the other: a cut is for all connections.
    waiting.push(check('cut_open', long.cut_open).then(() => check('cut', long.cut)));
    let client;
    await check('connect', async () => {
        client = await connect(`${SERVER}/all/sse`);
        one.connect(client);
    });
    for (const [name, test] of Object.entries(one).slice(1)) await check(name, () => test(client));
    await client?.close();
    for (const [name, test] of Object.entries(others)) await check(name, test);
    await Promise.all(waiting);
    process.exit();
}
