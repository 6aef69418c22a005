use allocation_counter::measure;
use rmcp::model::ClientJsonRpcMessage;
fn wrap(params: &str) -> String {
    format!(
        r#"{{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{{"name":"x","arguments":{{"a":{params}}}}}}}"#
    )
}
fn list(item: &str, n: usize) -> String {
    format!("[{}]", vec![item; n].join(","))
}
fn obj(item: &str, n: usize) -> String {
    format!(
        "{{{}}}",
        (0..n)
            .map(|i| format!("\"{i}\":{item}"))
            .collect::<Vec<_>>()
            .join(",")
    )
}
fn nest(a: &str, b: &str, n: usize, m: usize) -> String {
    list(&format!("{}{}", a.repeat(n), b.repeat(n)), m)
}
#[test]
fn m() {
    for (name, text) in [
        ("[] x100k", wrap(&list("[]", 100_000))),
        ("1 x100k", wrap(&list("1", 100_000))),
        ("1 x140k", wrap(&list("1", 140_000))),
        ("\"\" x100k", wrap(&list("\"\"", 100_000))),
        ("{} x100k", wrap(&list("{}", 100_000))),
        ("[1] x100k", wrap(&list("[1]", 100_000))),
        ("[[]] x100k", wrap(&list("[[]]", 100_000))),
        ("{\"\":0} x100k", wrap(&list("{\"\":0}", 100_000))),
        (
            "{\"\":0,\"a\":0} x100k",
            wrap(&list("{\"\":0,\"a\":0}", 100_000)),
        ),
        ("{\"\":{}} x100k", wrap(&list("{\"\":{}}", 100_000))),
        (
            "{\"\":{\"\":0}} x100k",
            wrap(&list("{\"\":{\"\":0}}", 100_000)),
        ),
        ("\"a\\n\" x100k", wrap(&list("\"a\\n\"", 100_000))),
        ("\"a\" x100k", wrap(&list("\"a\"", 100_000))),
        ("obj 100k 0", wrap(&obj("0", 100_000))),
        (
            "obj dup",
            wrap(&format!("{{{}}}", vec!["\"\":0"; 100_000].join(","))),
        ),
        ("nest [ 100", wrap(&nest("[", "]", 100, 1000))),
        (
            "nest obj 100",
            wrap(&nest("{\"\":", "}", 100, 1000).replace(":}", ":0}")),
        ),
        ("text 1M", wrap(&format!("\"{}\"", "x".repeat(1_000_000)))),
        (
            "text 1M esc",
            wrap(&format!("\"{}\"", "\\n".repeat(500_000))),
        ),
        (
            "result [] x100k",
            format!(
                r#"{{"jsonrpc":"2.0","id":1,"result":{{"roots":{}}}}}"#,
                list("[]", 100_000)
            ),
        ),
        (
            "result obj x100k",
            format!(
                r#"{{"jsonrpc":"2.0","id":1,"result":{{"roots":{}}}}}"#,
                list("{\"\":0}", 100_000)
            ),
        ),
        (
            "custom obj x100k",
            format!(
                r#"{{"jsonrpc":"2.0","id":1,"method":"x","params":{{"roots":{}}}}}"#,
                list("{\"\":0}", 100_000)
            ),
        ),
        (
            "notif obj x100k",
            format!(
                r#"{{"jsonrpc":"2.0","method":"x","params":{{"roots":{}}}}}"#,
                list("{\"\":0}", 100_000)
            ),
        ),
        (
            "meta obj x100k",
            format!(
                r#"{{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{{"name":"x","_meta":{{"roots":{}}}}}}}"#,
                list("{\"\":0}", 100_000)
            ),
        ),
        (
            "init obj x100k",
            format!(
                r#"{{"jsonrpc":"2.0","id":1,"method":"initialize","params":{{"protocolVersion":"2025-06-18","clientInfo":{{"name":"","version":""}},"capabilities":{{"experimental":{{"a":{{"a":{}}}}}}}}}}}"#,
                list("{\"\":0}", 100_000)
            ),
        ),
        (
            "env obj x100k",
            format!(
                r#"{{"jsonrpc":"2.0","id":1,"method":"ping","x":{}}}"#,
                list("{\"\":0}", 100_000)
            ),
        ),
        (
            "params flat",
            format!(
                r#"{{"jsonrpc":"2.0","id":1,"method":"x","params":{}}}"#,
                obj("0", 100_000)
            ),
        ),
        (
            "env flat",
            format!(
                r#"{{"jsonrpc":"2.0","id":1,"method":"x",{}}}"#,
                obj("0", 100_000).trim_matches(['{', '}'])
            ),
        ),
    ] {
        let mut ok = false;
        let mut held = None;
        let info = measure(|| {
            let r = serde_json::from_slice::<ClientJsonRpcMessage>(text.as_bytes());
            ok = r.is_ok();
            held = r.ok();
        });
        let values = text.matches(',').count() + text.matches(['[', '{']).count() + 1;
        println!(
            "{name}: {} bytes ok {ok} max {} total {} held {} per-value {:.0} objects {} members {}",
            text.len(),
            info.bytes_max,
            info.bytes_total,
            info.bytes_current,
            info.bytes_max as f64 / values as f64,
            text.matches('{').count(),
            text.matches(':').count()
        );
    }
}
