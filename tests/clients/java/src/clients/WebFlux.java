package clients;

import java.util.Map;
import org.springframework.ai.mcp.client.webflux.transport.WebFluxSseClientTransport;
import org.springframework.web.reactive.function.client.WebClient;

/** Spring's transport for the Java SDK, on WebClient. */
final class WebFlux {
    public static void main(String[] args) throws Exception {
        Checks.run(
                (base, path, timeout) -> new Sdk(
                        WebFluxSseClientTransport.builder(WebClient.builder().baseUrl(base))
                                .sseEndpoint(path)
                                .build(),
                        new NewProgress(),
                        timeout),
                args,
                Map.of());
    }
}
