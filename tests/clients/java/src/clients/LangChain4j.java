package clients;

import com.google.gson.Gson;
import dev.langchain4j.agent.tool.ToolExecutionRequest;
import dev.langchain4j.agent.tool.ToolSpecification;
import dev.langchain4j.exception.ToolExecutionException;
import dev.langchain4j.mcp.client.DefaultMcpClient;
import dev.langchain4j.mcp.client.McpClient;
import dev.langchain4j.mcp.client.McpException;
import dev.langchain4j.mcp.client.McpRoot;
import dev.langchain4j.mcp.client.transport.http.HttpMcpTransport;
import java.time.Duration;
import java.util.List;
import java.util.Map;

/** langchain4j's own client, on OkHttp. */
final class LangChain4j implements Client {
    private final McpClient client;

    private LangChain4j(String url, Duration timeout) {
        var transport = new HttpMcpTransport.Builder().sseUrl(url).timeout(Duration.ofSeconds(10)).build();
        client = new DefaultMcpClient.Builder()
                .transport(transport)
                .toolExecutionTimeout(timeout)
                .roots(List.of(new McpRoot("a", "file:///a")))
                .build();
    }

    @Override
    public String serverName() {
        // Its interface does not tell.
        return "clients";
    }

    @Override
    public void ping() {
        client.checkHealth();
    }

    @Override
    public List<String> list() {
        return client.listTools().stream().map(ToolSpecification::name).toList();
    }

    @Override
    public String call(String tool, Map<String, Object> arguments, String token) {
        var request = ToolExecutionRequest.builder().name(tool).arguments(new Gson().toJson(arguments)).build();
        var result = client.executeTool(request);
        if (result.isError()) {
            throw new IllegalStateException(result.resultText());
        }
        return result.resultText();
    }

    @Override
    public int progress(String token) {
        return 0;
    }

    @Override
    public int code(Throwable error) {
        for (var cause = error; cause != null; cause = cause.getCause()) {
            if (cause instanceof McpException mcp) {
                return mcp.errorCode();
            }
            if (cause instanceof ToolExecutionException tool && tool.errorCode() != null) {
                return tool.errorCode();
            }
        }
        return 0;
    }

    @Override
    public void close() throws Exception {
        client.close();
    }

    public static void main(String[] args) throws Exception {
        Checks.run(
                (base, path, timeout) -> new LangChain4j(base + path, timeout),
                args,
                Map.of("progress", "its interface has no progress"));
    }
}
