use std::sync::{Arc, Mutex};
use std::time::Duration;

use super::*;

#[test]
fn a_session_that_is_closed_while_it_is_opened_logs_both_once() {
    let log = Arc::new(Mutex::new(Vec::new()));
    let writer = Arc::clone(&log);
    let subscriber = tracing_subscriber::fmt()
        .with_ansi(false)
        .with_writer(move || LogWriter(Arc::clone(&writer)))
        .finish();
    let (parts, ()) = http::Request::new(()).into_parts();
    tracing::subscriber::with_default(subscriber, || {
        let session = Observer::new(&[]).session(7);
        session.closed("shutdown", Duration::ZERO);
        session.opened(None, &parts);
        session.log_closed("shutdown", Duration::ZERO);
        session.log_closed("shutdown", Duration::ZERO);
    });
    let log = String::from_utf8(log.lock().unwrap().clone()).unwrap();
    let lines: Vec<_> = log.lines().collect();
    let [opened, closed] = lines[..] else {
        panic!("{log}")
    };
    assert!(opened.contains("session opened"), "{opened}");
    assert!(closed.contains("session closed"), "{closed}");
    assert!(closed.contains(r#"reason="shutdown""#), "{closed}");
    for line in lines {
        assert!(line.contains("mcp_sse_session{session="), "{line}");
    }
}

struct LogWriter(Arc<Mutex<Vec<u8>>>);

impl std::io::Write for LogWriter {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}
