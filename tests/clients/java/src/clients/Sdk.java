package clients;

import io.modelcontextprotocol.client.McpClient;
import io.modelcontextprotocol.client.McpSyncClient;
import io.modelcontextprotocol.spec.McpClientTransport;
import io.modelcontextprotocol.spec.McpError;
import io.modelcontextprotocol.spec.McpSchema.CallToolRequest;
import io.modelcontextprotocol.spec.McpSchema.ClientCapabilities;
import io.modelcontextprotocol.spec.McpSchema.Root;
import io.modelcontextprotocol.spec.McpSchema.TextContent;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;

/** The Java SDK's client over any of its transports. */
final class Sdk implements Client {
    /** Progress, which old versions do not have. */
    interface Progress {
        void listen(McpClient.SyncSpec client, Consumer<Object> token);

        CallToolRequest ask(String tool, Map<String, Object> arguments, String token);
    }

    private final Map<Object, Integer> seen = new ConcurrentHashMap<>();
    private final McpSyncClient client;
    private final Progress progress;

    Sdk(McpClientTransport transport, Progress progress, Duration timeout) {
        var spec = McpClient.sync(transport)
                .requestTimeout(timeout)
                .capabilities(ClientCapabilities.builder().roots(true).build())
                .roots(new Root("file:///a", "a"));
        if (progress != null) {
            progress.listen(spec, token -> seen.merge(token, 1, Integer::sum));
        }
        this.progress = progress;
        client = spec.build();
        client.initialize();
    }

    @Override
    public String serverName() {
        return client.getServerInfo().name();
    }

    @Override
    public void ping() {
        client.ping();
    }

    @Override
    public List<String> list() {
        return client.listTools().tools().stream().map(tool -> tool.name()).toList();
    }

    @Override
    public String call(String tool, Map<String, Object> arguments, String token) {
        var request = token == null
                ? new CallToolRequest(tool, arguments)
                : progress.ask(tool, arguments, token);
        return ((TextContent) client.callTool(request).content().get(0)).text();
    }

    @Override
    public int progress(String token) {
        return seen.getOrDefault(token, 0);
    }

    @Override
    public int code(Throwable error) {
        return error instanceof McpError mcp ? mcp.getJsonRpcError().code() : 0;
    }

    @Override
    public void close() {
        client.close();
    }
}
