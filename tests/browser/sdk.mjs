// Runs the TypeScript SDK's clients in Chromium, in a page of another origin than the server's. Called by
// .ci/browser: node sdk.mjs axum SERVER, node sdk.mjs rmcp SERVER

import assert from "node:assert/strict";
import { createServer } from "node:http";
import { connect, createServer as createTcpServer } from "node:net";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { chromium } from "playwright-core";

const [example, server] = process.argv.slice(2);

const { outputFiles: [bundle] } = await build({
  entryPoints: [fileURLToPath(new URL("sdk_page.mjs", import.meta.url))],
  bundle: true, format: "esm", platform: "browser", write: false, logLevel: "error",
});
const pages = createServer((request, response) => {
  const isScript = request.url === "/page.mjs";
  const type = isScript ? "text/javascript" : "text/html; charset=utf-8";
  response.writeHead(200, { "content-type": type });
  response.end(isScript ? bundle.text : '<!doctype html><script type="module" src="/page.mjs"></script>');
});
await new Promise((listening) => pages.listen(0, "127.0.0.1", listening));
const { port } = pages.address();

// What the browser sends passes here: it tells no page, and no driver, what it asked before a request.
let sent = "";
const recorder = createTcpServer((client) => {
  const { hostname, port } = new URL(server);
  const upstream = connect(Number(port), hostname);
  client.on("data", (part) => (sent += part));
  client.pipe(upstream).pipe(client);
  for (const end of [client, upstream]) end.on("error", () => [client, upstream].forEach((both) => both.destroy()));
});
await new Promise((listening) => recorder.listen(0, "127.0.0.1", listening));
const recorded = new URL(server);
recorded.port = recorder.address().port;

/** The headers that the browser asked for before this method. */
function preflight(method) {
  const asked = sent.split("OPTIONS ").slice(1).map((rest) => rest.split("\r\n\r\n")[0].toLowerCase());
  const of = asked.filter((head) => head.includes(`access-control-request-method: ${method.toLowerCase()}`));
  const headers = of.flatMap((head) => head.match(/access-control-request-headers: (.*)/)?.[1].split(",") ?? []);
  return new Set(headers);
}

const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  args: ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking", "--disable-quic"],
});

const count = { name: "count", arguments: { to: 3 } };
const add = { name: "add", arguments: { a: 2, b: 3 } };
// With and without a token. The servers do not ask for it; the browser asks whether it may be sent.
const token = { authorization: "Bearer token", "last-event-id": "0" };
const examples = {
  axum: [
    ["HTTP+SSE in axum", "sse", "", count, {}],
    ["HTTP+SSE in axum, with a token", "sse", "", count, { authorization: token.authorization }],
  ],
  rmcp: [
    ["HTTP+SSE with rmcp", "sse", "/sse", add, {}],
    ["HTTP+SSE at the shared path", "sse", "/both", add, {}],
    ["Streamable HTTP with rmcp", "streamable", "/mcp", add, {}],
    ["Streamable HTTP at the shared path, with more headers", "streamable", "/both", add, token],
  ],
};
const runs = examples[example];

let failed = 0;
for (const [name, kind, path, tool, headers] of runs) {
  const page = await browser.newPage();
  page.setDefaultTimeout(20_000);
  const console_ = [];
  sent = "";
  page.on("console", (message) => console_.push(message.text()));
  try {
    await page.goto(`http://127.0.0.1:${port}/`);
    await page.waitForFunction(() => window.session);
    const seen = await page.evaluate((args) => window.session(...args), [kind, new URL(recorded.pathname.replace(/\/$/, "") + path, recorded).href, tool, headers]);
    assert.ok(seen.tools > 0, "tools");
    assert.equal(seen.text, tool === count ? "counted to 3" : "5");
    if (tool === count) assert.deepEqual(seen.progress, [1, 2, 3]);
    // The page reads an exposed header.
    if (kind === "streamable") assert.ok(seen.session, "a session id");
    assert.deepEqual(seen.errors, []);
    const posts = [...Object.keys(headers), "content-type", "mcp-protocol-version"];
    if (kind === "streamable") posts.push("mcp-session-id");
    assert.deepEqual(posts.filter((name) => !preflight("POST").has(name)), [], "asked before a POST");
    if (kind === "streamable") {
      // The answer to the last preflight allows this method, too.
      assert.match(sent, /DELETE \S+ HTTP/);
    }
    console.log(`ok     ${name}`);
  } catch (error) {
    failed += 1;
    console.log(`FAILED ${name}\n${error.stack}\n${console_.join("\n")}`);
  }
  await page.close();
}
console.log(`${runs.length - failed} passed, ${failed} failed`);
await browser.close();
recorder.close();
pages.closeAllConnections();
pages.close();
process.exitCode = failed ? 1 : 0;
