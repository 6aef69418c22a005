use std::fmt;

/// What a client sent, in a form that is safe to print and not too long.
pub(super) struct Clipped<'a>(pub(super) &'a [u8]);

const LEN: usize = 128;

impl fmt::Display for Clipped<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let end = if self.0.len() > LEN { ".." } else { "" };
        let text = &self.0[..self.0.len().min(LEN)];
        write!(f, "{}{end}", text.escape_ascii())
    }
}
