// Runs checks one by one, prints a line for each, and counts them.

import { readFileSync } from 'node:fs';

const sdk = new URL('./node_modules/@modelcontextprotocol/sdk/package.json', import.meta.url);
export const SDK = `TypeScript SDK ${JSON.parse(readFileSync(sdk)).version}`;

// The errors that the SDK passes to its error callback. It continues after most of them.
export const complaints = [];

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
