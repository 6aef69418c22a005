package clients;

import java.util.List;
import java.util.Map;

/** An initialized session. */
public interface Client extends AutoCloseable {
    /** Opens sessions. Its requests have a timeout of 20 s. */
    interface Connect {
        Client to(String base, String path) throws Exception;
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
