package clients;

import io.modelcontextprotocol.client.McpClient;
import io.modelcontextprotocol.spec.McpSchema.CallToolRequest;
import java.util.Map;
import java.util.function.Consumer;

final class NewProgress implements Sdk.Progress {
    @Override
    public void listen(McpClient.SyncSpec client, Consumer<Object> token) {
        client.progressConsumer(told -> token.accept(told.progressToken()));
    }

    @Override
    public CallToolRequest ask(String tool, Map<String, Object> arguments, String token) {
        return CallToolRequest.builder()
                .name(tool)
                .arguments(arguments)
                .meta(Map.of("progressToken", token))
                .build();
    }
}
