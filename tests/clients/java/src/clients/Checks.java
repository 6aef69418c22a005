package clients;

import com.google.gson.Gson;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/** The checks, for any client that is wrapped as a {@link Client}. */
public final class Checks {
    private static final String PIECE =
            "\u2028 \u2029 \u0085 😀👩‍👩‍👧 ü \"quoted\" 'too' \\ \\n \n \r\n \r \t data: \n\nevent: endpoint\n";
    private static final String LARGE = PIECE.repeat(200 * 1024 / PIECE.getBytes().length);

    private static final Duration TIMEOUT = Duration.ofSeconds(20);

    private final Client.Connect connect;
    private final String server;
    private final String proxy;
    private final String control;
    private final Map<String, String> cannot;
    private final ExecutorService threads = Executors.newCachedThreadPool();

    private interface Test {
        String run(Client client) throws Exception;
    }

    private Checks(Client.Connect connect, String[] args, Map<String, String> cannot) {
        this.connect = connect;
        this.server = args[0];
        this.proxy = args[1];
        this.control = args[2];
        this.cannot = cannot;
    }

    /** Runs all checks but those that the client cannot do, for the reason given. */
    public static void run(Client.Connect connect, String[] args, Map<String, String> cannot)
            throws Exception {
        var checks = new Checks(connect, args, cannot);
        var running = checks.longOnes();
        checks.oneSession();
        checks.others();
        for (var one : running) {
            one.get();
        }
        System.exit(0);
    }

    private static synchronized void tell(String check, String found, String note) {
        var told = new LinkedHashMap<String, String>();
        told.put("check", check);
        told.put("found", found);
        told.put("note", note == null ? "" : note);
        System.out.println(new Gson().newBuilder().disableHtmlEscaping().create().toJson(told));
    }

    private static String textOf(Throwable error) {
        while (error instanceof ExecutionException && error.getCause() != null) {
            error = error.getCause();
        }
        var text = new StringBuilder(error.getClass().getSimpleName() + ": " + error.getMessage());
        for (var cause = error.getCause(); cause != null; cause = cause.getCause()) {
            text.append(": ").append(cause.getMessage());
        }
        return text.substring(0, Math.min(300, text.length()));
    }

    private void check(String name, Callable<String> test) {
        if (cannot.containsKey(name)) {
            tell(name, "not run", cannot.get(name));
            return;
        }
        try {
            tell(name, "ok", limited(30_000, test));
        } catch (Throwable error) {
            tell(name, textOf(error), "");
        }
    }

    private <T> T limited(int ms, Callable<T> test) throws Exception {
        Future<T> running = threads.submit(test);
        try {
            return running.get(ms, TimeUnit.MILLISECONDS);
        } catch (TimeoutException late) {
            running.cancel(true);
            throw new TimeoutException("timed out after " + ms + " ms");
        }
    }

    private Callable<String> with(String base, String name, Test test) {
        return () -> {
            var client = connect.to(base, "/" + name + "/sse", TIMEOUT);
            try {
                return test.run(client);
            } finally {
                // Some wait for what is open.
                threads.submit(() -> {
                    client.close();
                    return null;
                });
            }
        };
    }

    private String call(Client client, int ms, String tool, Map<String, Object> arguments)
            throws Exception {
        return limited(ms, () -> client.call(tool, arguments, null));
    }

    private String echo(Client client, int ms, String text) throws Exception {
        if (!call(client, ms, "echo", Map.of("text", text)).equals(text)) {
            throw new AssertionError("another text");
        }
        return null;
    }

    private static void equal(Object found, Object expected) {
        if (!found.equals(expected)) {
            throw new AssertionError(found + " is not " + expected);
        }
    }

    /** The error of a call, which must come soon. */
    private static String fails(int ms, Callable<String> call) {
        var start = System.nanoTime();
        try {
            call.call();
        } catch (Throwable error) {
            var took = (System.nanoTime() - start) / 1_000_000;
            if (took > ms) {
                throw new AssertionError("error after " + (took + 500) / 1000 + " s: " + textOf(error));
            }
            return textOf(error);
        }
        throw new AssertionError("no error");
    }

    private void cut() {
        try {
            var request = HttpRequest.newBuilder(URI.create(control + "/cut/all")).build();
            HttpClient.newHttpClient().send(request, BodyHandlers.ofString());
        } catch (IOException | InterruptedException error) {
            throw new AssertionError(error);
        }
    }

    private void oneSession() {
        var opened = new Client[1];
        check("connect", () -> {
            opened[0] = connect.to(server, "/all/sse", TIMEOUT);
            equal(opened[0].serverName(), "clients");
            return null;
        });
        var client = opened[0];
        if (client == null) {
            return;
        }
        check("ping", () -> {
            for (var turn = 0; turn < 3; turn++) {
                client.ping();
            }
            return null;
        });
        check("list", () -> {
            var names = client.list();
            equal(names.contains("echo") && names.contains("end"), true);
            return null;
        });
        check("tools", () -> {
            equal(call(client, 5000, "add", Map.of("a", 2, "b", 0.5)), "2.5");
            return echo(client, 5000, "Hello");
        });
        check("progress", () -> {
            equal(client.call("count", Map.of("to", 3), "token"), "counted to 3");
            for (var turn = 0; turn < 50 && client.progress("token") < 3; turn++) {
                Thread.sleep(20);
            }
            equal(client.progress("token"), 3);
            return null;
        });
        check("error", () -> {
            try {
                client.call("fail", Map.of(), null);
            } catch (Throwable error) {
                equal(client.code(error), -32000);
                return textOf(error);
            }
            throw new AssertionError("no error");
        });
        check("cancel", this::cancelled);
        check("ask", () -> {
            try {
                return ask(client, Map.of("method", "roots/list"));
            } catch (Throwable error) {
                ask(client, Map.of("method", "roots/list", "integer", "1000000"));
                throw new AssertionError("an integer as id only: " + textOf(error));
            }
        });
        check("text", () -> echo(client, 20_000, LARGE));
        check("text_1m", () -> echo(client, 20_000, LARGE + "x".repeat(900 * 1024)));
    }

    private String ask(Client client, Map<String, Object> arguments) throws Exception {
        var answer = call(client, 10_000, "ask", arguments);
        equal(answer.contains("file:///a"), true);
        return null;
    }

    /** A call that runs into the client's own timeout. */
    private String cancelled() throws Exception {
        var client = connect.to(server, "/cancel/sse", Duration.ofSeconds(1));
        try {
            client.call("wait", Map.of("ms", 10_000), null);
        } catch (Exception expected) {
            // The timeout.
        }
        for (var turn = 0; turn < 50; turn++) {
            if (!call(client, 5000, "cancelled", Map.of()).equals("0")) {
                return null;
            }
            Thread.sleep(20);
        }
        throw new AssertionError("the server was not told");
    }

    private void others() {
        for (var how : List.of("close", "return", "fail", "panic", "deadline")) {
            check("end_" + how, with(server, "end-" + how, client ->
                    fails(1500, () -> call(client, 5000, "end", Map.of("how", how)))));
        }
        check("end_idle", with(server, "idle", client ->
                fails(4000, () -> call(client, 10_000, "wait", Map.of("ms", 60_000)))));
        check("drain", with(server, "drain", client -> {
            equal(call(client, 5000, "end", Map.of("how", "drain")), "done");
            return null;
        }));
        check("body_5m", with(server, "all", client ->
                fails(5000, () -> echo(client, 10_000, "x".repeat(5_000_000)))));
        check("body_gone", with(server, "gone", client -> {
            try {
                call(client, 500, "end", Map.of("how", "close"));
            } catch (Exception expected) {
                // The session is closed now.
            }
            return fails(5000, () -> echo(client, 10_000, "x".repeat(3_000_000)));
        }));
        check("sessions", this::sideBySide);
    }

    private String sideBySide() throws Exception {
        var sessions = 20;
        var here = new CountDownLatch(sessions);
        var running = new ArrayList<Future<String>>();
        for (var number = 0; number < sessions; number++) {
            var mine = number;
            running.add(threads.submit(with(server, "all", client -> {
                here.countDown();
                here.await();
                for (var turn = 0; turn < 10; turn++) {
                    echo(client, 20_000, "session " + mine + ", turn " + turn);
                }
                return null;
            })));
        }
        for (var one : running) {
            one.get();
        }
        return null;
    }

    private List<Future<?>> longOnes() {
        return List.of(
                threads.submit(() -> check("silence", with(server, "silence", client -> {
                    Thread.sleep(14_000);
                    return echo(client, 5000, "still here");
                }))),
                threads.submit(() -> check("keep_alive", with(server, "fast", client -> {
                    for (var turn = 0; turn < 65; turn++) {
                        echo(client, 5000, "turn " + turn);
                        Thread.sleep(50);
                    }
                    return null;
                }))),
                // One after the other: a cut is for all connections.
                threads.submit(() -> {
                    check("cut_open", with(proxy, "back-open", this::cutOpen));
                    check("cut", with(proxy, "back", this::comesBack));
                }));
    }

    private String cutOpen(Client client) {
        threads.submit(() -> {
            Thread.sleep(300);
            cut();
            return null;
        });
        return fails(4000, () -> call(client, 5000, "wait", Map.of("ms", 60_000)));
    }

    private String comesBack(Client client) throws Exception {
        echo(client, 5000, "before");
        cut();
        var last = "";
        for (var turn = 0; turn < 6; turn++) {
            try {
                return echo(client, 2000, "after");
            } catch (Throwable error) {
                last = textOf(error);
            }
            Thread.sleep(1000);
        }
        throw new AssertionError("never: " + last);
    }
}
