use std::collections::HashMap;

use rmcp::model::RequestId;

/// How many requests of one client rmcp may work on at a time.
pub const MAX_OPEN_REQUESTS: usize = 1024;

/// How many bytes these requests may have together. One alone may have more.
pub const MAX_OPEN_BYTES: usize = 64 * 1024 * 1024;

/// The requests that rmcp has and has not answered. It runs each in a task of its own, so somebody
/// must count.
#[derive(Debug, Default)]
pub(crate) struct Open {
    requests: HashMap<RequestId, usize>,
    bytes: usize,
}

impl Open {
    /// Notes a request, or says that it is one too many.
    pub(crate) fn enter(&mut self, id: &RequestId, bytes: usize) -> bool {
        // A second request of the same id takes the first one's place in rmcp, too.
        self.leave(id);
        let fits = self.requests.len() < MAX_OPEN_REQUESTS
            && (self.requests.is_empty() || self.bytes.saturating_add(bytes) <= MAX_OPEN_BYTES);
        if fits {
            self.requests.insert(id.clone(), bytes);
            self.bytes += bytes;
        }
        fits
    }

    /// A request was answered, or cancelled, which no answer follows.
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
        assert!(!open.enter(last, 1), "what was refused frees nothing");
        assert!(open.enter(&all[0], 1), "the same id again is no more");
        open.leave(&all[0]);
        assert!(open.enter(last, 1));
    }

    #[test]
    fn bytes_are_counted_and_one_alone_may_have_more() {
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
