//! A stdio server whose requests say what it does.

use std::{
    io::{BufRead, Write, stdin, stdout},
    process::{Command, exit},
    thread::sleep,
    time::Duration,
};

use serde_json::{Value, json};

fn say(message: &Value) {
    // Nothing reads its stdout any more.
    if writeln!(stdout(), "{message}").is_err() {
        exit(7);
    }
}

fn for_ever() -> ! {
    loop {
        sleep(Duration::from_secs(3600));
    }
}

/// Runs each request with its `params`, and at the end of stdin what a request `at_end` said.
pub(crate) fn run() {
    // Ends the line of the test harness, which is not a message.
    println!();
    let mut at_end = Value::Null;
    let mut lines = stdin().lock().lines();
    while let Some(Ok(line)) = lines.next() {
        let request: Value = serde_json::from_str(&line).unwrap();
        let params = &request["params"];
        let text = || params["text"].as_str().unwrap();
        let mut result = json!({"pid": std::process::id()});
        match request["method"].as_str().unwrap() {
            "pid" => {}
            "echo" => result["params"] = params.clone(),
            "line" => result["line"] = line.as_str().into(),
            "env" => result["env"] = std::env::var(text()).map_or(Value::Null, Into::into),
            "stdout" => print!("{}", text()),
            "stderr" => eprint!("{}", text()),
            "long" => {
                let piece = [b'x'; 1000];
                for _ in 0..params["bytes"].as_u64().unwrap() / 1000 {
                    stdout().write_all(&piece).unwrap();
                }
                println!();
            }
            "flood" => {
                let pad = "y".repeat(10_000);
                for number in 0..params["messages"].as_u64().unwrap() {
                    say(
                        &json!({"jsonrpc": "2.0", "method": "flood", "params": {"number": number, "pad": pad}}),
                    );
                }
            }
            // The new process has the same pipes.
            "start" => {
                let words = params["words"].as_array().unwrap();
                let mut words = words.iter().map(|word| word.as_str().unwrap());
                let mut command = Command::new(words.next().unwrap());
                let started = command
                    .args(words)
                    .stdin(std::process::Stdio::null())
                    .spawn();
                result["started"] = started.unwrap().id().into();
            }
            "deaf" => for_ever(),
            "at_end" => at_end = params.clone(),
            "exit" => {
                say(&json!({"jsonrpc": "2.0", "method": "last", "params": {"number": 1}}));
                print!(r#"{{"jsonrpc":"2.0","method":"last","params":{{"number":2}}}}"#);
                print!("{}", text());
                stdout().flush().unwrap();
                exit(3);
            }
            other => panic!("what is {other}?"),
        }
        say(&json!({"jsonrpc": "2.0", "id": request["id"], "result": result}));
    }
    match at_end["do"].as_str() {
        Some("linger") => for_ever(),
        Some("say") => {
            let number = at_end["messages"].as_u64().unwrap();
            for number in 0..number {
                say(&json!({"jsonrpc": "2.0", "method": "end", "params": {"number": number}}));
            }
        }
        _ => {}
    }
}
