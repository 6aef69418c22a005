package clients

import io.ktor.client.HttpClient
import io.ktor.client.engine.cio.CIO
import io.ktor.client.engine.okhttp.OkHttp
import io.ktor.client.plugins.sse.SSE
import io.modelcontextprotocol.kotlin.sdk.client.ClientOptions
import io.modelcontextprotocol.kotlin.sdk.client.SseClientTransport
import io.modelcontextprotocol.kotlin.sdk.client.mcpSseTransport
import io.modelcontextprotocol.kotlin.sdk.shared.RequestOptions
import io.modelcontextprotocol.kotlin.sdk.types.ClientCapabilities
import io.modelcontextprotocol.kotlin.sdk.types.Implementation
import io.modelcontextprotocol.kotlin.sdk.types.McpException
import io.modelcontextprotocol.kotlin.sdk.types.TextContent
import java.util.concurrent.ConcurrentHashMap
import kotlin.time.Duration
import kotlin.time.toKotlinDuration
import kotlinx.coroutines.runBlocking
import io.modelcontextprotocol.kotlin.sdk.client.Client as KotlinClient

/** The client of the Kotlin SDK on one of Ktor's engines, `cio` or `okhttp`. */
private class Kotlin(private val http: HttpClient, url: String, private val timeout: Duration) : Client {
    private val seen = ConcurrentHashMap<String, Int>()
    private val capabilities = ClientCapabilities(roots = ClientCapabilities.Roots())
    private val client =
        KotlinClient(Implementation("client", "0"), ClientOptions(capabilities = capabilities))

    init {
        client.addRoot("file:///a", "a")
        runBlocking { client.connect(http.mcpSseTransport(url)) }
    }

    override fun serverName() = client.serverVersion!!.name

    override fun ping() {
        runBlocking { client.ping() }
    }

    override fun list() = runBlocking { client.listTools().tools.map { it.name } }

    override fun call(tool: String, arguments: Map<String, Any>, token: String?): String = runBlocking {
        val options = RequestOptions(
            onProgress = token?.let { { _ -> seen.merge(it, 1, Int::plus) } },
            timeout = timeout,
        )
        val result = client.callTool(tool, arguments, options = options)
        (result.content.first() as TextContent).text
    }

    // The SDK chooses the token.
    override fun progress(token: String) = seen[token] ?: 0

    override fun code(error: Throwable) =
        generateSequence(error) { it.cause }.firstNotNullOfOrNull { (it as? McpException)?.code } ?: 0

    override fun close() {
        runBlocking { client.close() }
        http.close()
    }
}

fun main(args: Array<String>) {
    val engine = if (args[0] == "okhttp") OkHttp else CIO
    Checks.run(
        { base, path, timeout ->
            Kotlin(HttpClient(engine) { install(SSE) }, base + path, timeout.toKotlinDuration())
        },
        args.copyOfRange(1, 4),
        mapOf(),
    )
}
