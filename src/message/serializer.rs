//! A serializer in front of serde_json's, for long strings.

use std::{cell::RefCell, fmt};

use serde::ser::{self, Serialize, Serializer};

use super::quote::quote;

/// From which length on [`quote`] writes a string. For a shorter one, serde_json's way costs no more.
const LONG: usize = 64;

/// A string in quotes that serde_json's formatter writes in place of the next `null`. It is empty if there
/// is none. This is the only way to give serde_json a string that is escaped already.
pub(super) type Quoted = RefCell<Vec<u8>>;

/// A value, or a part of one. Everything in it goes to the serializer as it is, except for long strings.
pub(super) struct Part<'a, T: ?Sized> {
    pub(super) value: &'a T,
    pub(super) quoted: &'a Quoted,
}

impl<T: Serialize + ?Sized> Serialize for Part<'_, T> {
    fn serialize<S: Serializer>(&self, inner: S) -> Result<S::Ok, S::Error> {
        let quoted = self.quoted;
        self.value.serialize(Strings { inner, quoted })
    }
}

/// The serializer of a [`Part`].
struct Strings<'a, S> {
    inner: S,
    quoted: &'a Quoted,
}

/// The parts of a sequence, a map, a struct or a variant.
struct Parts<'a, S> {
    inner: S,
    quoted: &'a Quoted,
    /// Whether the type and the serializer know each other, as serde_json and its `RawValue` do. Such parts
    /// are not touched.
    is_private: bool,
}

impl<'a, S> Parts<'a, S> {
    fn of<E>(inner: Result<S, E>, quoted: &'a Quoted) -> Result<Self, E> {
        let is_private = false;
        inner.map(|inner| Self {
            inner,
            quoted,
            is_private,
        })
    }
}

macro_rules! scalars {
    ($($method:ident: $type:ty,)*) => {$(
        fn $method(self, value: $type) -> Result<S::Ok, S::Error> {
            self.inner.$method(value)
        }
    )*};
}

macro_rules! compounds {
    ($($method:ident: $parts:ident($($name:ident: $type:ty),*),)*) => {$(
        fn $method(self, $($name: $type),*) -> Result<Self::$parts, S::Error> {
            Parts::of(self.inner.$method($($name),*), self.quoted)
        }
    )*};
}

impl<'a, S: Serializer> Serializer for Strings<'a, S> {
    type Ok = S::Ok;
    type Error = S::Error;
    type SerializeSeq = Parts<'a, S::SerializeSeq>;
    type SerializeTuple = Parts<'a, S::SerializeTuple>;
    type SerializeTupleStruct = Parts<'a, S::SerializeTupleStruct>;
    type SerializeTupleVariant = Parts<'a, S::SerializeTupleVariant>;
    type SerializeMap = Parts<'a, S::SerializeMap>;
    type SerializeStruct = Parts<'a, S::SerializeStruct>;
    type SerializeStructVariant = Parts<'a, S::SerializeStructVariant>;

    fn serialize_str(self, value: &str) -> Result<S::Ok, S::Error> {
        if value.len() < LONG {
            return self.inner.serialize_str(value);
        }
        quote(value, &mut self.quoted.borrow_mut());
        self.inner.serialize_unit()
    }

    scalars! {
        serialize_bool: bool,
        serialize_i8: i8,
        serialize_i16: i16,
        serialize_i32: i32,
        serialize_i64: i64,
        serialize_i128: i128,
        serialize_u8: u8,
        serialize_u16: u16,
        serialize_u32: u32,
        serialize_u64: u64,
        serialize_u128: u128,
        serialize_f32: f32,
        serialize_f64: f64,
        serialize_char: char,
        serialize_bytes: &[u8],
        serialize_unit_struct: &'static str,
    }

    fn serialize_none(self) -> Result<S::Ok, S::Error> {
        self.inner.serialize_none()
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<S::Ok, S::Error> {
        let quoted = self.quoted;
        self.inner.serialize_some(&Part { value, quoted })
    }

    fn serialize_unit(self) -> Result<S::Ok, S::Error> {
        self.inner.serialize_unit()
    }

    fn serialize_unit_variant(
        self,
        name: &'static str,
        index: u32,
        variant: &'static str,
    ) -> Result<S::Ok, S::Error> {
        self.inner.serialize_unit_variant(name, index, variant)
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        name: &'static str,
        value: &T,
    ) -> Result<S::Ok, S::Error> {
        let quoted = self.quoted;
        self.inner
            .serialize_newtype_struct(name, &Part { value, quoted })
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        name: &'static str,
        index: u32,
        variant: &'static str,
        value: &T,
    ) -> Result<S::Ok, S::Error> {
        let quoted = self.quoted;
        self.inner
            .serialize_newtype_variant(name, index, variant, &Part { value, quoted })
    }

    compounds! {
        serialize_seq: SerializeSeq(len: Option<usize>),
        serialize_tuple: SerializeTuple(len: usize),
        serialize_tuple_struct: SerializeTupleStruct(name: &'static str, len: usize),
        serialize_tuple_variant:
            SerializeTupleVariant(name: &'static str, index: u32, variant: &'static str, len: usize),
        serialize_map: SerializeMap(len: Option<usize>),
        serialize_struct_variant:
            SerializeStructVariant(name: &'static str, index: u32, variant: &'static str, len: usize),
    }

    fn serialize_struct(
        self,
        name: &'static str,
        len: usize,
    ) -> Result<Self::SerializeStruct, S::Error> {
        let mut parts = Parts::of(self.inner.serialize_struct(name, len), self.quoted)?;
        // Not a name that a type can have.
        parts.is_private = name.starts_with('$');
        Ok(parts)
    }

    fn collect_str<T: fmt::Display + ?Sized>(self, value: &T) -> Result<S::Ok, S::Error> {
        self.inner.collect_str(value)
    }

    fn is_human_readable(&self) -> bool {
        self.inner.is_human_readable()
    }
}

macro_rules! parts {
    ($($trait:ident: $method:ident($($name:ident: $type:ty)?),)*) => {$(
        impl<S: ser::$trait> ser::$trait for Parts<'_, S> {
            type Ok = S::Ok;
            type Error = S::Error;

            fn $method<T: Serialize + ?Sized>(
                &mut self,
                $($name: $type,)?
                value: &T,
            ) -> Result<(), S::Error> {
                let quoted = self.quoted;
                match self.is_private {
                    true => self.inner.$method($($name,)? value),
                    false => self.inner.$method($($name,)? &Part { value, quoted }),
                }
            }

            fn end(self) -> Result<S::Ok, S::Error> {
                self.inner.end()
            }
        }
    )*};
}

parts! {
    SerializeSeq: serialize_element(),
    SerializeTuple: serialize_element(),
    SerializeTupleStruct: serialize_field(),
    SerializeTupleVariant: serialize_field(),
    SerializeStruct: serialize_field(key: &'static str),
    SerializeStructVariant: serialize_field(key: &'static str),
}

impl<S: ser::SerializeMap> ser::SerializeMap for Parts<'_, S> {
    type Ok = S::Ok;
    type Error = S::Error;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), S::Error> {
        self.inner.serialize_key(key)
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), S::Error> {
        let quoted = self.quoted;
        self.inner.serialize_value(&Part { value, quoted })
    }

    fn end(self) -> Result<S::Ok, S::Error> {
        self.inner.end()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;
    use serde_json::{
        Value, json,
        value::{RawValue, to_raw_value},
    };

    use crate::message::output::Output;

    use super::*;

    fn written<T: Serialize + ?Sized>(value: &T) -> String {
        let mut output = Output::new();
        output.value(value).unwrap();
        String::from_utf8(output.text).unwrap()
    }

    #[derive(serde::Serialize)]
    struct Unit;

    #[derive(serde::Serialize)]
    struct New<T>(T);

    #[derive(serde::Serialize)]
    enum Variant<T> {
        Unit,
        New(T),
        Tuple(T, (T, i128)),
        Struct { a: T, b: Option<T> },
    }

    #[derive(serde::Serialize)]
    #[serde(tag = "type")]
    enum Tagged<T> {
        Text { text: T },
    }

    #[derive(serde::Serialize)]
    struct All<T: Ord> {
        tuple: (Unit, New<T>, [T; 2], char, f32, f64, u128),
        variants: Vec<Variant<T>>,
        tagged: Tagged<T>,
        raw: Box<RawValue>,
        map: BTreeMap<T, Option<T>>,
        #[serde(flatten)]
        flat: Value,
    }

    proptest! {
        #[test]
        fn each_kind_of_value_is_written_as_serde_json_writes_it(
            text in "[ -~\n\t\u{1}ü日😀]{0,200}",
            float in any::<f64>(),
            raw in "[ -~\n]{0,200}",
        ) {
            let all = All {
                tuple: (Unit, New(text.clone()), [text.clone(), text.clone()], '"', 0.1, float, u128::MAX),
                variants: vec![
                    Variant::Unit,
                    Variant::New(text.clone()),
                    Variant::Tuple(text.clone(), (text.clone(), i128::MIN)),
                    Variant::Struct { a: text.clone(), b: Some(text.clone()) },
                    Variant::Struct { a: text.clone(), b: None },
                ],
                tagged: Tagged::Text { text: text.clone() },
                raw: to_raw_value(&json!({"raw": [raw, null]})).unwrap(),
                map: BTreeMap::from([(text.clone(), Some(text.clone())), (String::new(), None)]),
                flat: json!({"flat": {"text": text, "null": null, "number": 1e300}}),
            };
            prop_assert_eq!(written(&all), serde_json::to_string(&all).unwrap());
            prop_assert_eq!(written(text.as_bytes()), serde_json::to_string(text.as_bytes()).unwrap());
            prop_assert_eq!(written(&text), serde_json::to_string(&text).unwrap());
        }
    }
}
