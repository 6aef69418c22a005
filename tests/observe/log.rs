//! The log of the example.

pub(crate) struct Log(pub(crate) String);

impl Log {
    fn with(&self, what: &str) -> Vec<&str> {
        self.0.lines().filter(|line| line.contains(what)).collect()
    }

    /// Checks that this many lines contain `what`, and that all of them have this level and contain `besides`.
    #[track_caller]
    pub(crate) fn assert(&self, level: &str, what: &str, besides: &str, times: usize) {
        let lines = self.with(what);
        assert_eq!(lines.len(), times, "{what} in {}", self.0);
        for line in lines {
            assert!(line.contains(&format!(" {level} ")), "{line}");
            assert!(line.contains(": mcp_sse_server: "), "{line}");
            assert!(line.contains(besides), "{besides}: {line}");
        }
    }

    /// Checks that the log contains the first eight digits of a session's id, and no more digits of it.
    #[track_caller]
    pub(crate) fn assert_session(&self, secret: &str, reason: &str, counts: &str) {
        assert!(!self.0.contains(&secret[..9]), "{}", self.0);
        let lines = self.with(&format!("session={}", &secret[..8]));
        let the = |what: &str| {
            let mut lines = lines.iter().filter(|line| line.contains(what));
            let line = lines.next().unwrap_or_else(|| panic!("{what}: {lines:?}"));
            assert_eq!(lines.next(), None, "{what} once");
            *line
        };
        the("session opened");
        let closed = the("session closed");
        for part in [&format!("reason=\"{reason}\""), "duration_ms=", counts] {
            assert!(closed.contains(part), "{part}: {closed}");
        }
    }
}
