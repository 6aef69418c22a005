// The script of a page: the TypeScript SDK's clients, bundled for the browser by sdk.mjs.

import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { SSEClientTransport } from "@modelcontextprotocol/sdk/client/sse.js";
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";

const transports = { sse: SSEClientTransport, streamable: StreamableHTTPClientTransport };

/** Runs a session, and gives back what it saw. */
window.session = async (kind, url, tool, headers) => {
  const transport = new transports[kind](new URL(url), { requestInit: { headers } });
  const client = new Client({ name: "page", version: "0" });
  const errors = [];
  const late = [];
  client.onerror = (error) => {
    // The SDK reports progress as an error if it comes in one read with the answer.
    const [, report] = /^Received a progress notification for an unknown token: (.*)$/s.exec(error.message) ?? [];
    if (report) late.push(JSON.parse(report).params.progress);
    else errors.push(String(error));
  };
  await client.connect(transport);
  const { tools } = await client.listTools();
  const progress = [];
  const onprogress = (seen) => progress.push(seen.progress);
  const { content } = await client.callTool(tool, undefined, { onprogress });
  await client.ping();
  progress.push(...late);
  const session = transport.sessionId ?? null;
  // A DELETE, with Streamable HTTP.
  await transport.terminateSession?.();
  client.onerror = undefined;
  await client.close();
  return { server: client.getServerVersion().name, tools: tools.length, text: content[0].text, progress, session, errors };
};
