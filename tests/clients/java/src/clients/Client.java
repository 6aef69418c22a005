package clients;

import java.time.Duration;
import java.util.List;
import java.util.Map;

/** An initialized session. */
public interface Client extends AutoCloseable {
    /** Opens sessions. */
    interface Connect {
        /** The client's own timeout holds for each call. */
        Client to(String base, String path, Duration timeout) throws Exception;
    }

    String serverName();

    void ping() throws Exception;

    List<String> list() throws Exception;

    /** The text of a tool's result. Progress is asked for if the token is not null. */
    String call(String tool, Map<String, Object> arguments, String token) throws Exception;

    /** How often progress was reported for a token. */
    int progress(String token);

    /** The code of a JSON-RPC error. */
    int code(Throwable error);
}
