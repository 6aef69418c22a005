/// The name of an event without an `event` line.
const UNNAMED: &[u8] = b"message";

/// Reads server-sent events from pieces of any size. An event in one piece is not copied.
#[derive(Debug, Default)]
pub(crate) struct Events {
    partial: Vec<u8>,
}

/// An event with one line of data, as all events of this transport have.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Event<'a> {
    pub(crate) name: &'a [u8],
    pub(crate) data: &'a [u8],
}

impl Events {
    pub(crate) fn feed(&mut self, input: &[u8], mut on: impl FnMut(Event<'_>)) {
        if self.partial.is_empty() {
            let used = read(input, &mut on);
            self.partial.extend_from_slice(&input[used..]);
        } else {
            self.partial.extend_from_slice(input);
            let used = read(&self.partial, &mut on);
            self.partial.drain(..used);
        }
    }
}

/// Passes on all complete events. Returns the number of their bytes.
fn read(text: &[u8], on: &mut impl FnMut(Event<'_>)) -> usize {
    let (mut used, mut at) = (0, 0);
    let (mut name, mut data): (_, Option<&[u8]>) = (UNNAMED, None);
    while let Some(len) = memchr::memchr(b'\n', &text[at..]) {
        let line = &text[at..at + len];
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        at += len + 1;
        if line.is_empty() {
            // An event without data is a comment.
            if let Some(data) = data.take() {
                on(Event { name, data });
            }
            name = UNNAMED;
            used = at;
        } else if let Some(value) = field(line, b"event:") {
            name = value;
        } else if let Some(value) = field(line, b"data:") {
            data = Some(value);
        }
    }
    used
}

fn field<'a>(line: &'a [u8], name: &[u8]) -> Option<&'a [u8]> {
    let value = line.strip_prefix(name)?;
    Some(value.strip_prefix(b" ").unwrap_or(value))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_are_read_from_pieces_of_any_size() {
        const TEXT: &[u8] =
            b"event: endpoint\ndata: /a\n\n: ping\n\n:\nevent:message\r\ndata:{}\r\n\r\ndata: 1\n\n";
        for size in 1..=TEXT.len() {
            let mut events = Events::default();
            let mut read = Vec::new();
            for piece in TEXT.chunks(size) {
                events.feed(piece, |event| {
                    read.push((event.name.to_vec(), event.data.to_vec()));
                });
            }
            let expected = [("endpoint", "/a"), ("message", "{}"), ("message", "1")];
            let expected = expected.map(|(name, data)| (name.into(), data.into()));
            assert_eq!(read, expected, "pieces of {size}");
        }
    }
}
