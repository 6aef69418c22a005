// The TypeScript SDK's SSE transport without an MCP server, on node:http.

import { createServer } from "node:http";

import { SSEServerTransport } from "@modelcontextprotocol/sdk/server/sse.js";

const sessions = new Map();

async function open(response) {
  const transport = new SSEServerTransport("/messages", response);
  sessions.set(transport.sessionId, transport);
  transport.onclose = () => sessions.delete(transport.sessionId);
  transport.onmessage = ({ id, params }) => {
    const content = [{ type: "text", text: params.arguments.text }];
    transport.send({ jsonrpc: "2.0", id, result: { content } });
  };
  await transport.start();
}

async function broadcast(request, response) {
  let text = "";
  for await (const piece of request) text += piece;
  const message = JSON.parse(text);
  for (const transport of sessions.values()) transport.send(message);
  response.writeHead(202).end();
}

// node:http sets TCP_NODELAY itself.
const server = createServer(async (request, response) => {
  const url = new URL(request.url, "http://localhost");
  if (request.method === "GET" && url.pathname === "/sse") {
    await open(response);
  } else if (url.pathname === "/messages") {
    const transport = sessions.get(url.searchParams.get("sessionId"));
    if (transport) await transport.handlePostMessage(request, response);
    else response.writeHead(404).end();
  } else if (url.pathname === "/broadcast") {
    await broadcast(request, response);
  } else {
    response.writeHead(404).end();
  }
});
server.listen(0, "127.0.0.1", 2048, () => console.log(server.address().port));
