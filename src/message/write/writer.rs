//! Messages that are right by construction: JSON by serde, and the reader's rules for the envelope.

use std::{fmt, ops::Range};

use serde::{Serialize, Serializer};

use crate::message::{
    error::{InvalidMessage, InvalidMessageKind as Invalid},
    error_code::ErrorCode,
    id::RequestId,
    message::Message,
    read::{
        cursor::Value,
        reader::{self, Members, NAMES},
        scan::{self, Chars},
    },
};

use super::{
    marks::{self, Places},
    output::Output,
};

/// A message that is being written, member by member.
pub(crate) struct Writer {
    output: Output,
    places: Places,
}

// The indices of `NAMES`.
const JSONRPC: usize = 0;
const ID: usize = 1;
const METHOD: usize = 2;
const PARAMS: usize = 3;
const RESULT: usize = 4;
const ERROR: usize = 5;

/// The message that a value is.
pub(crate) fn whole<T: Serialize + ?Sized>(value: &T) -> Result<Message, InvalidMessage> {
    let output = Output::new();
    let places = marks::write(&output, value)?;
    match places.values[JSONRPC] {
        Some(_) => check(output, &places),
        // Not an object of a message, or a `RawValue`.
        None => Message::parse(output.finish().0),
    }
}

impl Writer {
    pub(crate) fn new() -> Self {
        let mut writer = Self {
            output: Output::new(),
            places: Places::default(),
        };
        writer.output.push(b"{\"jsonrpc\":\"2.0\"");
        let end = writer.output.len();
        writer.places.values[JSONRPC] = Some(end - 5..end);
        writer
    }

    fn member(
        mut self,
        name: usize,
        write: impl FnOnce(&Output) -> Result<(), InvalidMessage>,
    ) -> Result<Self, InvalidMessage> {
        let start = self.name(name);
        write(&self.output)?;
        self.places.values[name] = Some(start..self.output.len());
        Ok(self)
    }

    /// Writes the name of a member. Returns where its value begins.
    fn name(&self, name: usize) -> usize {
        self.output.push(b",\"");
        self.output.push(NAMES[name].as_bytes());
        self.output.push(b"\":");
        self.output.len()
    }

    /// Copies an id from a message.
    pub(crate) fn id_json(mut self, json: &[u8]) -> Self {
        let start = self.name(ID);
        self.output.push(json);
        self.places.values[ID] = Some(start..self.output.len());
        self
    }

    /// Writes an id, which may not be one of a message.
    pub(crate) fn id(self, id: RequestId<'_>) -> Result<Self, InvalidMessage> {
        match id {
            RequestId::Integer(digits) if is_integer(digits) => Ok(self.id_json(digits.as_bytes())),
            RequestId::Integer(_) => Err(InvalidMessage::new(Invalid::Id).but(format_args!(
                "an integer is decimal digits after an optional minus sign"
            ))),
            RequestId::String(text) => self.value(ID, text),
        }
    }

    pub(crate) fn method(self, method: &str) -> Result<Self, InvalidMessage> {
        self.value(METHOD, method)
    }

    /// Writes params. `null` says that there are none.
    pub(crate) fn params<T: Serialize + ?Sized>(self, params: &T) -> Result<Self, InvalidMessage> {
        let before = self.output.len();
        let mut writer = self.value(PARAMS, params)?;
        let params = &writer.places.values[PARAMS];
        if params
            .as_ref()
            .is_some_and(|place| writer.output.is(place, b"null"))
        {
            writer.places.values[PARAMS] = None;
            writer.output.truncate(before);
        }
        Ok(writer)
    }

    pub(crate) fn result<T: Serialize + ?Sized>(self, result: &T) -> Result<Self, InvalidMessage> {
        self.value(RESULT, result)
    }

    /// Writes an error. `data` is left out if it is `None`.
    pub(crate) fn error<T: Serialize + ?Sized>(
        self,
        code: ErrorCode,
        text: impl fmt::Display,
        data: Option<&T>,
    ) -> Result<Self, InvalidMessage> {
        self.member(ERROR, |output| {
            output.push(b"{\"code\":");
            marks::write(output, &code.0)?;
            output.push(b",\"message\":");
            marks::write(output, &Shown(text))?;
            if let Some(data) = data {
                output.push(b",\"data\":");
                marks::write(output, data)?;
            }
            output.push(b"}");
            Ok(())
        })
    }

    fn value<T: Serialize + ?Sized>(self, name: usize, value: &T) -> Result<Self, InvalidMessage> {
        self.member(name, |output| marks::write(output, value).map(drop))
    }

    pub(crate) fn finish(self) -> Result<Message, InvalidMessage> {
        self.output.push(b"}");
        check(self.output, &self.places)
    }
}

/// Checks the envelope. What is inside params, a result or an error's data is serde_json's JSON.
fn check(output: Output, places: &Places) -> Result<Message, InvalidMessage> {
    let (text, has_raw) = output.finish();
    // serde_json does not write half of a surrogate pair, but a `RawValue` may contain one.
    if has_raw && scan::may_escape_surrogates(&text) {
        return Message::parse(text);
    }
    let chars = Chars::of_written(&text);
    let value = |place: &Range<usize>| Value(place.start, &text[place.clone()]);
    let duplicate = places.duplicate.as_ref();
    let members = Members {
        values: places
            .values
            .each_ref()
            .map(|place| place.as_ref().map(value)),
        duplicate: duplicate.map(|(name, place)| (*name, value(place))),
    };
    let envelope = reader::check(&text, chars, &members, None)?;
    Ok(Message::checked(text.into(), envelope))
}

/// Serializes what is displayed.
struct Shown<T>(T);

impl<T: fmt::Display> Serialize for Shown<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

/// Whether a text is an integer of JSON.
fn is_integer(text: &str) -> bool {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let is_first = digits == "0" || digits.starts_with(|first| matches!(first, '1'..='9'));
    is_first && digits.bytes().all(|byte| byte.is_ascii_digit())
}
