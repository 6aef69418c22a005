//! Messages, logs and headers.

use serde_json::json;

use crate::served::Gateway;

#[tokio::test]
async fn messages_of_one_client_never_reach_another() {
    let gateway = Gateway::start(&[]);
    let mut talks = Vec::new();
    for _ in 0..8 {
        talks.push(gateway.open().await);
    }
    let mut children = Vec::new();
    for talk in &mut talks {
        children.push(talk.child().await);
    }
    // All clients have posted before the first one reads its response.
    for turn in 0..20 {
        for (number, talk) in talks.iter_mut().enumerate() {
            talk.tell("echo", &json!({"number": number, "turn": turn}))
                .await;
        }
        for (number, talk) in talks.iter_mut().enumerate() {
            let answer = talk.next().await.unwrap();
            let expected =
                json!({"pid": children[number], "params": {"number": number, "turn": turn}});
            assert_eq!(answer["result"], expected);
        }
    }
    children.sort_unstable();
    children.dedup();
    assert_eq!(children.len(), 8);
    let mut running = gateway.children();
    running.sort_unstable();
    assert_eq!(running, children);
}

#[tokio::test]
async fn a_message_in_many_lines_reaches_the_child_in_one() {
    let gateway = Gateway::start(&[]);
    let mut talk = gateway.open().await;
    let text = "\r\n{\n  \"jsonrpc\": \"2.0\",\r\n\t\"id\": 1,\r  \"method\": \"line\",\n  \
                \"params\": {\"text\": \"a\\nb\\r\u{2028}\u{85}\"}\n}\n";
    assert_eq!(talk.post(text).await, 202);
    let answer = talk.next().await.unwrap();
    let one_line = text.replace(['\n', '\r'], " ");
    assert_eq!(answer["result"]["line"], one_line);
    talk.works().await;
}

#[tokio::test]
async fn a_line_that_is_not_a_message_is_logged_and_skipped() {
    let gateway = Gateway::start(&[]);
    let mut talk = gateway.open().await;
    for junk in [
        "Server started on \u{1b}[31mstdio\u{1b}[0m",
        "[{\"jsonrpc\":\"2.0\",\"method\":\"batch\"}]",
        "{\"jsonrpc\":\"1.0\",\"method\":\"old\"}",
        "{\"half\": ",
    ] {
        talk.tell("stdout", &json!({"text": format!("{junk}\n")}))
            .await;
        assert!(talk.next().await.unwrap()["result"].is_object());
    }
    let long = "z".repeat(3000);
    talk.ask("stdout", &json!({"text": format!("{long}\r\n")}))
        .await;
    // Blank lines, spaces and line breaks of two bytes are ignored.
    let fine = "\n\r\n \t \n{\"jsonrpc\":\"2.0\",\"method\":\"fine\"}\r\n";
    talk.tell("stdout", &json!({"text": fine})).await;
    assert_eq!(talk.next().await.unwrap()["method"], "fine");
    talk.next().await.unwrap();
    talk.works().await;

    let id = talk.short_id();
    for end in [
        r"Server started on \u{1b}[31mstdio\u{1b}[0m",
        r#"[{"jsonrpc":"2.0","method":"batch"}]"#,
        r#"{"jsonrpc":"1.0","method":"old"}"#,
        r#"{"half": "#,
        &format!("{} .. (3000 bytes)", &long[..200]),
    ] {
        gateway.logs(&format!(": {end}\n")).await;
    }
    let log = gateway.log();
    // The child's test harness writes one or two more: that it runs, and with one processor what it runs.
    let of_harness =
        |line: &&str| line.ends_with(": running 1 test") || line.contains(" as_child ");
    let skips = log.lines().filter(|line| line.contains("skipped"));
    let skipped: Vec<_> = skips.filter(|line| !of_harness(line)).collect();
    assert_eq!(skipped.len(), 5, "{log}");
    let of_session = format!("session={id}");
    let skips = "skipped on stdout a line that is not a message: ";
    assert!(
        skipped
            .iter()
            .all(|line| line.contains(&of_session) && line.contains(skips)),
        "{log}"
    );
    assert!(
        !log.contains(&talk.stream.id().expose_secret().to_string()),
        "{log}"
    );
}

#[tokio::test]
async fn stderr_goes_to_the_log_line_by_line_with_the_sessions_short_id() {
    let gateway = Gateway::start(&[]);
    let (mut one, mut two) = (gateway.open().await, gateway.open().await);
    one.ask("stderr", &json!({"text": "I am one\r\nand \u{7}so on\n"}))
        .await;
    let long = "e".repeat(50_000);
    two.ask("stderr", &json!({"text": format!("{long}\nI am two")}))
        .await;
    // A last line without a line break is logged when the child has ended.
    let id = two.short_id();
    drop(two);
    gateway.logs_of(&id, "stderr: I am two").await;
    let clipped = format!("stderr: {} .. (48000 bytes more)", &long[..2000]);
    gateway.logs_of(&id, &clipped).await;
    let id = one.short_id();
    for line in ["I am one", r"and \u{7}so on"] {
        gateway.logs_of(&id, &format!("stderr: {line}")).await;
    }
    one.works().await;
}

#[tokio::test]
async fn headers_of_the_get_become_variables_of_its_child_only() {
    let flags = [
        "--env-from-header",
        "authorization=API_TOKEN",
        "--env-from-header=X-Region=REGION",
    ];
    let child = crate::served::child();
    let child = child.each_ref().map(String::as_str);
    let env = [("API_TOKEN", "the gateway's own"), ("OTHER", "inherited")];
    let gateway = Gateway::start_with(&flags, &child, &env);
    for (headers, token, region) in [
        (
            "Authorization: Bearer a=b c\r\n",
            Some("Bearer a=b c"),
            None,
        ),
        (
            "x-region: n\u{f6}rdlich\r\nAUTHORIZATION: two\r\n",
            Some("two"),
            Some("n\u{f6}rdlich"),
        ),
        ("", None, None),
        (
            "Authorization: a\r\nAuthorization: b\r\nx-region:\r\n",
            None,
            Some(""),
        ),
    ] {
        let mut talk = gateway.open_with(headers).await;
        for (name, value) in [
            ("API_TOKEN", token),
            ("REGION", region),
            ("OTHER", Some("inherited")),
        ] {
            let found = talk.ask("env", &json!({"text": name})).await;
            assert_eq!(found["env"].as_str(), value, "{name} of {headers:?}");
        }
        if headers.matches("Authorization").count() == 2 {
            let id = talk.short_id();
            let unset = "API_TOKEN is unset: authorization is not a single value in UTF-8";
            gateway.logs_of(&id, unset).await;
        }
    }
    assert!(!gateway.log().contains("Bearer"), "{}", gateway.log());
}
