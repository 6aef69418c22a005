// Runs checks one by one, prints a line for each, and counts them.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';

const sdk = new URL('./node_modules/@modelcontextprotocol/sdk/package.json', import.meta.url);
export const SDK = `TypeScript SDK ${JSON.parse(readFileSync(sdk)).version}`;

// The errors that the SDK passes to its error callback. It continues after most of them.
const complaints = [];

// If progress and the answer come in one read, the SDK forgets the call's token before it handles the progress.
// It then reports the progress as an error.
const LATE = /^Received a progress notification for an unknown token: (.*)$/s;
const late = new Map();

/** Collects what a client complains about, until it closes. */
export function listen(client) {
    late.set(client, []);
    client.onerror = error => {
        const [, progress] = LATE.exec(error.message) ?? [];
        if (progress) late.get(client).push(JSON.parse(progress).params);
        else complaints.push(error);
    };
    // Closing aborts a POST whose answer was already read from the stream.
    client.onclose = () => (client.onerror = undefined);
}

/** Fails unless a call reports each of its steps, in order. `call(onprogress)` makes it. */
export async function reports(client, steps, call) {
    const seen = [];
    await call(report => seen.push(report));
    seen.push(...late.get(client).splice(0));
    const all = Array.from({ length: steps }, (_, step) => [step + 1, steps]);
    assert.deepEqual(seen.map(({ progress, total }) => [progress, total]), all);
}

export const noComplaints = async () => assert.deepEqual([...complaints, ...[...late.values()].flat()], []);

let passed = 0;
let failed = 0;

/** Calls a function, which fails by throwing. */
export async function check(name, run, seconds = 60) {
    try {
        await within(seconds, run());
        passed += 1;
        console.log(`ok     ${name}`);
    } catch (error) {
        failed += 1;
        console.log(error);
        console.log(`FAILED ${name}`);
    }
}

async function within(seconds, promise) {
    let timer;
    const late = new Promise((_, reject) => {
        timer = setTimeout(() => reject(new Error(`not done after ${seconds} s`)), seconds * 1000);
    });
    try {
        return await Promise.race([promise, late]);
    } finally {
        clearTimeout(timer);
    }
}

/** The closing line and the exit status. */
export function finish() {
    console.log(`${passed} passed, ${failed} failed`);
    process.exit(failed > 0 || passed === 0 ? 1 : 0);
}

export const sleep = seconds => new Promise(done => setTimeout(done, seconds * 1000));
