package clients;

import io.modelcontextprotocol.client.transport.HttpClientSseClientTransport;
import java.util.Map;

/** The transport of an old Java SDK. */
final class OldHttpSse {
    public static void main(String[] args) throws Exception {
        Checks.run(
                (base, path, timeout) -> new Sdk(
                        HttpClientSseClientTransport.builder(base).sseEndpoint(path).build(),
                        null,
                        timeout),
                args,
                Map.of("progress", "its interface has no progress"));
    }
}
