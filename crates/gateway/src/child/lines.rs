//! Reads lines of bounded length.

use tokio::io::{self, AsyncBufReadExt, AsyncRead, AsyncReadExt, BufReader};

/// Reads lines and keeps at most `most` bytes of each.
pub(crate) struct Lines<R> {
    reader: BufReader<R>,
    most: u32,
}

/// A line without its line break.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Line {
    pub(crate) text: Vec<u8>,
    /// How many bytes of the line were dropped.
    pub(crate) cut: u64,
    /// The last bytes of the line, if some were dropped.
    pub(crate) end: Vec<u8>,
}

/// How many of the last bytes of a cut line are kept.
const END: usize = 512;

impl<R: AsyncRead + Unpin> Lines<R> {
    pub(crate) fn new(reader: R, most: u32) -> Self {
        let reader = BufReader::new(reader);
        Self { reader, most }
    }

    /// Reads the next line, or `None` at the end. The last line may have no line break.
    pub(crate) async fn next(&mut self) -> io::Result<Option<Line>> {
        let mut text = Vec::new();
        // Plus a line break of two bytes.
        let mut part = (&mut self.reader).take(u64::from(self.most) + 2);
        if part.read_until(b'\n', &mut text).await? == 0 {
            return Ok(None);
        }
        let mut end = Vec::new();
        let mut cut = 0;
        if text.last() == Some(&b'\n') {
            text.pop();
            if text.last() == Some(&b'\r') {
                text.pop();
            }
        } else {
            cut = self.skip(&mut end).await?;
        }
        let most = usize::try_from(self.most).unwrap_or(usize::MAX);
        if text.len() > most || cut > 0 {
            // `end` has only skipped bytes, and these may be fewer than `END`: bytes of `text` come before them.
            let missing = END - end.len();
            end.splice(
                ..0,
                text[text.len().saturating_sub(missing)..].iter().copied(),
            );
        }
        cut += text.len().saturating_sub(most) as u64;
        text.truncate(most);
        Ok(Some(Line { text, cut, end }))
    }

    /// Skips the rest of a line and returns its length. `tail` keeps the last bytes.
    async fn skip(&mut self, tail: &mut Vec<u8>) -> io::Result<u64> {
        let mut skipped = 0;
        loop {
            let part = self.reader.fill_buf().await?;
            if part.is_empty() {
                return Ok(skipped);
            }
            let end = memchr::memchr(b'\n', part);
            let len = end.unwrap_or(part.len());
            skipped += len as u64;
            tail.extend_from_slice(&part[len.saturating_sub(END)..len]);
            tail.drain(..tail.len().saturating_sub(END));
            self.reader.consume(len + usize::from(end.is_some()));
            if end.is_some() {
                return Ok(skipped);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Line, Lines};

    async fn lines(text: &[u8], most: u32) -> Vec<(String, u64)> {
        let mut lines = Lines::new(text, most);
        let mut all = Vec::new();
        while let Some(Line { text, cut, .. }) = lines.next().await.unwrap() {
            all.push((String::from_utf8(text).unwrap(), cut));
        }
        all
    }

    #[tokio::test]
    async fn a_line_break_has_one_or_two_bytes_and_is_optional_at_the_end() {
        let found = lines(b"one\r\ntwo\n\n\r\nfi\rve\r\r\nsix", 10).await;
        let expected = ["one", "two", "", "", "fi\rve\r", "six"];
        assert_eq!(found, expected.map(|text| (text.to_owned(), 0)));
        assert_eq!(lines(b"", 10).await, []);
    }

    #[tokio::test]
    async fn a_long_line_is_cut_and_counted_and_the_next_line_is_whole() {
        for (text, cut) in [("12345", 0), ("123456", 1), ("1234567", 2), ("12345678", 3)] {
            let kept = || text[..5].to_owned();
            let next = || ("next".to_owned(), 0);
            let lf = format!("{text}\nnext");
            assert_eq!(lines(lf.as_bytes(), 5).await, [(kept(), cut), next()]);
            let crlf = format!("{text}\r\nnext");
            let found = lines(crlf.as_bytes(), 5).await;
            assert_eq!((&found[0].0, &found[1]), (&kept(), &next()), "{text}");
            assert_eq!(found[0].1 > 0, cut > 0, "{text}");
            let end = lines(text.as_bytes(), 5).await;
            assert_eq!(end, [(kept(), cut)]);
        }
        let long = "x".repeat(100_000) + "\nnext\n";
        let mut reader = Lines::new(long.as_bytes(), 5);
        let end = reader.next().await.unwrap().unwrap().end;
        assert_eq!(end, [b'x'; 512]);
        assert!(reader.next().await.unwrap().unwrap().end.is_empty());
        let short = Lines::new(&b"0123456789\n"[..], 5)
            .next()
            .await
            .unwrap()
            .unwrap();
        assert_eq!(short.end, b"0123456789");
        let found = lines(long.as_bytes(), 5).await;
        assert_eq!(
            found,
            [("xxxxx".to_owned(), 99_995), ("next".to_owned(), 0)]
        );
    }
}
