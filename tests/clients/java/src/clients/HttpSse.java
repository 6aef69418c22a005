package clients;

import io.modelcontextprotocol.client.transport.HttpClientSseClientTransport;
import java.util.Map;

/** The transport of the Java SDK, on the HTTP client of the JDK. */
final class HttpSse {
    public static void main(String[] args) throws Exception {
        Checks.run(
                (base, path, timeout) -> new Sdk(
                        HttpClientSseClientTransport.builder(base).sseEndpoint(path).build(),
                        new NewProgress(),
                        timeout),
                args,
                Map.of());
    }
}
