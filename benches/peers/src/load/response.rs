use std::io;

/// What a reader finds in the bytes of an HTTP/1.1 connection.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Part<'a> {
    Status(u16),
    Data(&'a [u8]),
    End,
}

/// Reads responses from pieces of any size.
#[derive(Debug, Default)]
pub(crate) struct Responses {
    state: State,
    /// An incomplete head, or an incomplete line of the chunked coding.
    partial: Vec<u8>,
}

#[derive(Clone, Copy, Debug, Default)]
enum State {
    #[default]
    Head,
    /// A body of known length, with the number of missing bytes.
    Length(usize),
    ChunkSize,
    Chunk(usize),
    /// The line break after a chunk's data.
    ChunkEnd,
    /// The empty line after the last chunk.
    LastLine,
    /// Until the connection closes.
    Rest,
}

impl Responses {
    pub(crate) fn feed(
        &mut self,
        mut input: &[u8],
        mut on: impl FnMut(Part<'_>),
    ) -> io::Result<()> {
        while !input.is_empty() {
            input = match self.state {
                State::Head => self.head(input, &mut on)?,
                State::Length(missing) => self.data(input, missing, &mut on),
                State::Chunk(missing) => self.data(input, missing, &mut on),
                State::ChunkSize | State::ChunkEnd | State::LastLine => {
                    self.line(input, &mut on)?
                }
                State::Rest => {
                    on(Part::Data(input));
                    &[]
                }
            };
        }
        Ok(())
    }

    fn data<'a>(
        &mut self,
        input: &'a [u8],
        missing: usize,
        on: &mut impl FnMut(Part<'_>),
    ) -> &'a [u8] {
        let (data, rest) = input.split_at(missing.min(input.len()));
        on(Part::Data(data));
        let missing = missing - data.len();
        self.state = match self.state {
            State::Chunk(_) if missing == 0 => State::ChunkEnd,
            State::Chunk(_) => State::Chunk(missing),
            _ if missing == 0 => {
                on(Part::End);
                State::Head
            }
            _ => State::Length(missing),
        };
        rest
    }

    fn line<'a>(&mut self, input: &'a [u8], on: &mut impl FnMut(Part<'_>)) -> io::Result<&'a [u8]> {
        let Some(end) = memchr::memchr(b'\n', input) else {
            self.partial.extend_from_slice(input);
            return Ok(&[]);
        };
        self.partial.extend_from_slice(&input[..end]);
        let line = self.partial.trim_ascii();
        self.state = match self.state {
            State::ChunkSize => match chunk_size(line)? {
                0 => State::LastLine,
                size => State::Chunk(size),
            },
            State::ChunkEnd => State::ChunkSize,
            _ => {
                on(Part::End);
                State::Head
            }
        };
        self.partial.clear();
        Ok(&input[end + 1..])
    }

    fn head<'a>(&mut self, input: &'a [u8], on: &mut impl FnMut(Part<'_>)) -> io::Result<&'a [u8]> {
        let before = self.partial.len();
        let text = if before == 0 {
            input
        } else {
            self.partial.extend_from_slice(input);
            &self.partial
        };
        let mut headers = [httparse::EMPTY_HEADER; 32];
        let mut head = httparse::Response::new(&mut headers);
        let parsed = head.parse(text).map_err(io::Error::other)?;
        let httparse::Status::Complete(len) = parsed else {
            if before == 0 {
                self.partial.extend_from_slice(input);
            }
            return Ok(&[]);
        };
        on(Part::Status(head.code.unwrap_or_default()));
        let state = framing(head.headers)?;
        self.partial.clear();
        if let State::Length(0) = state {
            on(Part::End);
        } else {
            self.state = state;
        }
        Ok(&input[len - before..])
    }
}

fn framing(headers: &[httparse::Header<'_>]) -> io::Result<State> {
    for header in headers {
        if header.name.eq_ignore_ascii_case("content-length") {
            let len = std::str::from_utf8(header.value).ok();
            let len = len.and_then(|len| len.parse().ok());
            return Ok(State::Length(len.ok_or_else(|| broken("content-length"))?));
        }
        if header.name.eq_ignore_ascii_case("transfer-encoding") {
            return Ok(State::ChunkSize);
        }
    }
    Ok(State::Rest)
}

fn chunk_size(line: &[u8]) -> io::Result<usize> {
    let digits = line.split(|byte| *byte == b';').next().unwrap_or_default();
    let digits = std::str::from_utf8(digits).map_err(io::Error::other)?;
    usize::from_str_radix(digits.trim(), 16).map_err(|_| broken("chunk size"))
}

fn broken(what: &str) -> io::Error {
    io::Error::other(format!("the server wrote a broken {what}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &[u8] = b"HTTP/1.1 202 Accepted\r\nContent-Length: 2\r\n\r\nOK\
        HTTP/1.1 204 No Content\r\ncontent-length: 0\r\n\r\n\
        HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n1;x=y\r\n!\r\n0\r\n\r\n\
        HTTP/1.1 404 Not Found\r\ncontent-length: 1\r\n\r\nx";

    #[test]
    fn responses_are_read_from_pieces_of_any_size() {
        for size in 1..=TEXT.len() {
            let mut responses = Responses::default();
            let mut read = String::new();
            for piece in TEXT.chunks(size) {
                let note = |part: Part<'_>| match part {
                    Part::Status(status) => read += &format!("[{status}]"),
                    Part::Data(data) => read += std::str::from_utf8(data).unwrap(),
                    Part::End => read += ".",
                };
                responses.feed(piece, note).unwrap();
            }
            assert_eq!(
                read, "[202]OK.[204].[200]hello!.[404]x.",
                "pieces of {size}"
            );
        }
    }
}
