// Opens examples/browser in Chromium, as a page of another origin than the server's, and checks what it
// shows. Called by .ci/browser: node page.mjs SERVER PAGE SCREENSHOTS

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { join } from "node:path";
import { chromium } from "playwright-core";

const [server, path, screenshots] = process.argv.slice(2);
const html = await readFile(path);

let opened = 0;
let end;
// Pages and, under /odd, servers that are not MCP servers.
const pages = createServer((request, response) => {
  if (request.url === "/odd/text") {
    response.writeHead(200, { "content-type": "text/plain", "access-control-allow-origin": "*" });
    response.end("no stream");
  } else if (request.url === "/odd/elsewhere") {
    response.writeHead(200, { "content-type": "text/event-stream", "access-control-allow-origin": "*" });
    response.write("event: endpoint\ndata: http://evil.example/messages/?session_id=1\n\n");
  } else if (request.url === "/odd/short") {
    response.writeHead(200, { "content-type": "text/event-stream" });
    opened += 1;
    response.write(`event: endpoint\ndata: /messages/?session_id=${opened}\n\n`);
    // Ends when another request asks for it.
    end = () => response.end();
  } else if (request.url === "/odd/end") {
    end();
    response.end();
  } else {
    response.writeHead(200, { "content-type": "text/html; charset=utf-8" });
    response.end(html);
  }
});
await new Promise((listening) => pages.listen(0, "127.0.0.1", listening));
const { port } = pages.address();

const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  args: [
    "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--disable-quic",
    // A host name that is not loopback, and needs no DNS.
    "--host-resolver-rules=MAP app.example 127.0.0.1",
  ],
});

const tests = {
  async "a page of another origin opens a session and shows it"(page) {
    await connect(page, server);
    const session = await text(page, "#session");
    assert.match(session, /^[0-9a-f]{32}$/);
    assert.equal(await text(page, "#endpoint"), `/api/messages/?session_id=${session}`);
    assert.deepEqual(await events(page, "endpoint"), [`/api/messages/?session_id=${session}`]);
    assert.match(await text(page, "#log time"), /^\d\d:\d\d:\d\d\.\d\d\d$/);
  },

  async "posts are answered on the stream, with progress"(page) {
    await connect(page, server);
    await post(page, "initialize");
    await until(page, "message", 1);
    await post(page, "notifications/initialized");
    await post(page, "tools/list");
    await until(page, "message", 2);
    await post(page, "tools/call echo");
    await until(page, "message", 3);
    await post(page, "tools/call count, with progress");
    // Five notifications and the result.
    await until(page, "message", 9);
    const messages = (await events(page, "message")).map((message) => JSON.parse(message));
    const [initialized, listed, echoed, ...counted] = messages;
    assert.equal(initialized.result.protocolVersion, "2024-11-05");
    assert.deepEqual(listed.result.tools.map((tool) => tool.name), ["echo", "add", "count"]);
    assert.equal(echoed.result.content[0].text, "Grüße");
    const result = counted.pop();
    assert.deepEqual(counted.map((message) => message.params.progress), [1, 2, 3, 4, 5]);
    assert.equal(result.result.content[0].text, "counted to 5");
    const remarks = await page.locator("#log .post small").allTextContents();
    assert.equal(remarks.length, 5);
    for (const remark of remarks) assert.match(remark, /^202 Accepted, after \d+ ms$/);
    await page.screenshot({ path: join(screenshots, "page.png"), fullPage: true });
    await page.emulateMedia({ colorScheme: "dark" });
    await page.screenshot({ path: join(screenshots, "dark.png"), fullPage: true });
    await page.setViewportSize({ width: 390, height: 844 });
    await page.screenshot({ path: join(screenshots, "narrow.png"), fullPage: true });
  },

  async "a client's text comes back unchanged and not as markup"(page) {
    await connect(page, server);
    const id = "123456789012345678901234567890";
    const markup = "<img src=x onerror=document.title='owned'>";
    await post(page, null, `{"jsonrpc":"2.0","id":${id},"method":"tools/call","params":`
      + `{"name":"echo","arguments":{"text":${JSON.stringify(markup)}}}}`);
    await until(page, "message", 1);
    const [answer] = await events(page, "message");
    assert.ok(answer.includes(`"id":${id},`), answer);
    assert.ok(answer.includes(markup), answer);
    assert.equal(await page.locator("#log img").count(), 0);
    assert.equal(await page.title(), "MCP over HTTP+SSE");
  },

  async "the page reports a stream and a session that the server ends"(page) {
    await connect(page, `${page.url()}odd/short`);
    assert.equal(await text(page, "#session"), "1");
    await fetch(`${page.url()}odd/end`);
    await page.locator("#log .error", { hasText: "The stream ended." }).waitFor();
    assert.equal(await text(page, "#session"), "none");
    assert.ok(await page.isDisabled("#post"));
    // The browser opens the next stream by itself.
    await until(page, "endpoint", 2);
    await page.locator("#session", { hasText: "2" }).waitFor();
  },

  async "a refused post shows the reason"(page) {
    await connect(page, server);
    await post(page, null, "[]");
    assert.match(await text(page, "#posted"), /^400 Could not parse message: /);
  },

  async "a disconnect ends the session"(page) {
    await connect(page, server);
    const uri = await text(page, "#endpoint");
    await page.click("#close");
    assert.equal(await text(page, "#state"), "Not connected");
    assert.equal(await text(page, "#session"), "none");
    assert.ok(await page.isDisabled("#post"));
    // Posts from another client until the server has noticed the end.
    for (let status = 0; status !== 404;) {
      const headers = { "content-type": "application/json" };
      const body = '{"jsonrpc":"2.0","id":1,"method":"ping"}';
      ({ status } = await fetch(new URL(uri, server), { method: "POST", headers, body }));
      assert.ok([202, 404].includes(status), `${status}`);
    }
  },

  async "a page of an origin that is not allowed shows this reason"(page) {
    await page.goto(`http://app.example:${port}/`);
    await fail(page, server);
    const problem = await text(page, "#problem");
    assert.match(problem, /does not let this page read the answer/);
    assert.ok(problem.includes(`http://app.example:${port}`), problem);
    assert.match(problem, /TransportSecurity::allow_origin/);
    assert.equal(await text(page, "#session"), "none");
    await page.screenshot({ path: join(screenshots, "refused.png"), fullPage: true });
  },

  async "the page tells a missing server from a server that refuses"(page) {
    await fail(page, `http://127.0.0.1:1/sse`);
    assert.match(await text(page, "#problem"), /^No server answers at http:\/\/127.0.0.1:1\/sse/);
    await fail(page, new URL("/nowhere", server).href);
    assert.match(await text(page, "#problem"), /^The server refuses the stream: 404/);
    await fail(page, new URL("/odd/text", page.url()).href);
    assert.match(await text(page, "#problem"), /200 and text\/plain, which is no event stream/);
    await fail(page, new URL("/odd/elsewhere", page.url().replace("127.0.0.1", "localhost")).href);
    assert.match(await text(page, "#problem"), /on another host, http:\/\/evil.example/);
    // The right server still works after that.
    await connect(page, server);
    assert.equal(await text(page, "#problem"), "");
  },
};

async function connect(page, url) {
  await page.getByLabel("Server").fill(url);
  await page.getByRole("button", { name: "Connect", exact: true }).click();
  await page.locator("#state", { hasText: /^Connected$/ }).waitFor();
}

async function fail(page, url) {
  await page.getByLabel("Server").fill(url);
  await page.getByRole("button", { name: "Connect", exact: true }).click();
  await page.locator("#problem:not(:empty)").waitFor();
}

// Posts a prepared example, or a text, and waits for the answer to the POST.
async function post(page, example, message) {
  if (example) await page.getByLabel("Example").selectOption(example);
  else await page.getByLabel("JSON-RPC message").fill(message);
  const before = await page.locator("#log .post").count();
  await page.getByRole("button", { name: "Post" }).click();
  await page.locator("#log .post").nth(before).locator("small", { hasText: / after \d+ ms$/ }).waitFor();
}

async function until(page, kind, count) {
  await page.locator(`#log .${kind}`).nth(count - 1).waitFor();
}

const text = (page, selector) => page.locator(selector).first().textContent();
const events = (page, kind) => page.locator(`#log .${kind} pre`).allTextContents();

let failed = 0;
for (const [name, test] of Object.entries(tests)) {
  const context = await browser.newContext({ viewport: { width: 1280, height: 860 }, colorScheme: "light" });
  const page = await context.newPage();
  page.setDefaultTimeout(20_000);
  const problems = [];
  page.on("pageerror", (error) => problems.push(error));
  try {
    await page.goto(`http://127.0.0.1:${port}/`);
    await test(page);
    assert.deepEqual(problems, [], "errors of the page's script");
    console.log(`ok    ${name}`);
  } catch (error) {
    failed += 1;
    console.log(`FAILED ${name}\n${error.stack}`);
    await page.screenshot({ path: join(screenshots, `failed-${failed}.png`), fullPage: true }).catch(() => {});
  }
  await context.close();
}
console.log(`${Object.keys(tests).length - failed} passed, ${failed} failed`);
await browser.close();
pages.closeAllConnections();
pages.close();
process.exitCode = failed ? 1 : 0;
