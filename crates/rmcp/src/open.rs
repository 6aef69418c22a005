use std::collections::HashMap;

use rmcp::model::RequestId;

/// The most requests that a session may have open at the same time: 1024.
pub const MAX_OPEN_REQUESTS: usize = 1024;

/// The most bytes that the open requests of a session may have in total: 64 MiB.
///
/// A single open request may be larger.
pub const MAX_OPEN_BYTES: usize = 64 * 1024 * 1024;

/// The requests that rmcp has not answered yet. rmcp runs each in a task of its own and does not bound
/// their number.
#[derive(Debug, Default)]
pub(crate) struct Open {
    requests: HashMap<RequestId, usize>,
    bytes: usize,
}

impl Open {
    /// Adds a request, or returns `false` if it does not fit.
    pub(crate) fn enter(&mut self, id: &RequestId, bytes: usize) -> bool {
        // rmcp also replaces an open request if a second request has the same id.
        self.leave(id);
        let fits = self.requests.len() < MAX_OPEN_REQUESTS
            && (self.requests.is_empty() || self.bytes.saturating_add(bytes) <= MAX_OPEN_BYTES);
        if fits {
            self.requests.insert(id.clone(), bytes);
            self.bytes += bytes;
        }
        fits
    }

    /// Removes a request that was answered or cancelled. rmcp sends no response to a cancelled request.
    pub(crate) fn leave(&mut self, id: &RequestId) {
        if let Some(bytes) = self.requests.remove(id) {
            self.bytes -= bytes;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_are_counted_until_they_are_answered() {
        let mut open = Open::default();
        let ids: Vec<_> = (0..=MAX_OPEN_REQUESTS as i64)
            .map(RequestId::Number)
            .collect();
        let (last, all) = ids.split_last().unwrap();
        assert!(all.iter().all(|id| open.enter(id, 1)));
        assert!(!open.enter(last, 1));
        open.leave(last);
        assert!(!open.enter(last, 1), "a refused request frees nothing");
        assert!(open.enter(&all[0], 1), "the same id counts once");
        open.leave(&all[0]);
        assert!(open.enter(last, 1));
    }

    #[test]
    fn bytes_are_counted_and_a_single_request_may_be_larger() {
        let mut open = Open::default();
        let [a, b, c] = ["a", "b", "c"].map(|id| RequestId::String(id.into()));
        assert!(open.enter(&a, MAX_OPEN_BYTES * 2));
        assert!(!open.enter(&b, 1));
        open.leave(&a);
        assert!(open.enter(&a, MAX_OPEN_BYTES - 1));
        assert!(open.enter(&b, 1));
        assert!(!open.enter(&c, 1));
        open.leave(&a);
        open.leave(&b);
        assert_eq!((open.requests.len(), open.bytes), (0, 0));
    }
}
