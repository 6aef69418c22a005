//! An adapter for serde_json's serializer that writes strings itself: serde_json looks at each byte of a
//! string, which is most of the work for a long text.

use serde::ser::{
    Serialize, SerializeMap, SerializeSeq, SerializeStruct, SerializeStructVariant, SerializeTuple,
    SerializeTupleStruct, SerializeTupleVariant, Serializer,
};

use super::output::Output;

/// What the names of serde_json's own types begin with: `RawValue`, and `Number` with `arbitrary_precision`.
/// Their only field is a string that must reach serde_json.
const OWN_TYPES: &str = "$serde_json::private::";

/// A serializer of serde_json, whose strings go to the output directly. Names of members do not: they are
/// short.
pub(crate) struct Strings<'o, S> {
    json: S,
    output: &'o Output,
}

/// A value, or the parts of one, and the output of its strings. `None` if serde_json writes them.
pub(crate) struct Part<'o, T> {
    part: T,
    output: Option<&'o Output>,
}

impl<'o, S> Strings<'o, S> {
    pub(crate) fn new(json: S, output: &'o Output) -> Self {
        Self { json, output }
    }

    fn part<T>(&self, part: T) -> Part<'o, T> {
        let output = Some(self.output);
        Part { part, output }
    }
}

impl<T: Serialize + ?Sized> Serialize for Part<'_, &T> {
    fn serialize<S: Serializer>(&self, json: S) -> Result<S::Ok, S::Error> {
        match self.output {
            Some(output) => self.part.serialize(Strings { json, output }),
            None => self.part.serialize(json),
        }
    }
}

macro_rules! as_it_is {
    ($($method:ident($($name:ident: $type:ty),*);)*) => {$(
        #[inline]
        fn $method(self, $($name: $type),*) -> Result<S::Ok, S::Error> {
            self.json.$method($($name),*)
        }
    )*};
}

macro_rules! begin {
    ($($method:ident($($name:ident: $type:ty),*) -> $compound:ident;)*) => {$(
        #[inline]
        fn $method(self, $($name: $type),*) -> Result<Self::$compound, S::Error> {
            let output = Some(self.output);
            Ok(Part { part: self.json.$method($($name),*)?, output })
        }
    )*};
}

impl<'o, S: Serializer> Serializer for Strings<'o, S> {
    type Ok = S::Ok;
    type Error = S::Error;
    type SerializeSeq = Part<'o, S::SerializeSeq>;
    type SerializeTuple = Part<'o, S::SerializeTuple>;
    type SerializeTupleStruct = Part<'o, S::SerializeTupleStruct>;
    type SerializeTupleVariant = Part<'o, S::SerializeTupleVariant>;
    type SerializeMap = Part<'o, S::SerializeMap>;
    type SerializeStruct = Part<'o, S::SerializeStruct>;
    type SerializeStructVariant = Part<'o, S::SerializeStructVariant>;

    #[inline]
    fn serialize_str(self, text: &str) -> Result<S::Ok, S::Error> {
        self.output.string(text);
        self.json.serialize_str("")
    }

    as_it_is! {
        serialize_bool(value: bool);
        serialize_i8(value: i8);
        serialize_i16(value: i16);
        serialize_i32(value: i32);
        serialize_i64(value: i64);
        serialize_i128(value: i128);
        serialize_u8(value: u8);
        serialize_u16(value: u16);
        serialize_u32(value: u32);
        serialize_u64(value: u64);
        serialize_u128(value: u128);
        serialize_f32(value: f32);
        serialize_f64(value: f64);
        serialize_char(value: char);
        serialize_bytes(value: &[u8]);
        serialize_none();
        serialize_unit();
        serialize_unit_struct(name: &'static str);
        serialize_unit_variant(name: &'static str, index: u32, variant: &'static str);
    }

    begin! {
        serialize_seq(len: Option<usize>) -> SerializeSeq;
        serialize_tuple(len: usize) -> SerializeTuple;
        serialize_tuple_struct(name: &'static str, len: usize) -> SerializeTupleStruct;
        serialize_tuple_variant(name: &'static str, index: u32, variant: &'static str, len: usize) -> SerializeTupleVariant;
        serialize_map(len: Option<usize>) -> SerializeMap;
        serialize_struct_variant(name: &'static str, index: u32, variant: &'static str, len: usize) -> SerializeStructVariant;
    }

    fn serialize_struct(
        self,
        name: &'static str,
        len: usize,
    ) -> Result<Self::SerializeStruct, S::Error> {
        let output = (!name.starts_with(OWN_TYPES)).then_some(self.output);
        let part = self.json.serialize_struct(name, len)?;
        Ok(Part { part, output })
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<S::Ok, S::Error> {
        let value = self.part(value);
        self.json.serialize_some(&value)
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        name: &'static str,
        value: &T,
    ) -> Result<S::Ok, S::Error> {
        let value = self.part(value);
        self.json.serialize_newtype_struct(name, &value)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        name: &'static str,
        index: u32,
        variant: &'static str,
        value: &T,
    ) -> Result<S::Ok, S::Error> {
        let value = self.part(value);
        self.json
            .serialize_newtype_variant(name, index, variant, &value)
    }

    fn collect_str<T: std::fmt::Display + ?Sized>(self, value: &T) -> Result<S::Ok, S::Error> {
        self.json.collect_str(value)
    }

    fn is_human_readable(&self) -> bool {
        self.json.is_human_readable()
    }
}

macro_rules! parts {
    ($($trait:ident::$method:ident($($name:ident: $type:ty)?);)*) => {$(
        impl<S: $trait> $trait for Part<'_, S> {
            type Ok = S::Ok;
            type Error = S::Error;

            #[inline]
            fn $method<T: Serialize + ?Sized>(&mut self, $($name: $type,)? value: &T) -> Result<(), S::Error> {
                let value = Part { part: value, output: self.output };
                self.part.$method($($name,)? &value)
            }

            parts! { @more $trait }

            #[inline]
            fn end(self) -> Result<S::Ok, S::Error> {
                self.part.end()
            }
        }
    )*};
    (@more SerializeMap) => {
        #[inline]
        fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), S::Error> {
            self.part.serialize_key(key)
        }
    };
    (@more $trait:ident) => {};
}

parts! {
    SerializeSeq::serialize_element();
    SerializeTuple::serialize_element();
    SerializeTupleStruct::serialize_field();
    SerializeTupleVariant::serialize_field();
    SerializeMap::serialize_value();
    SerializeStruct::serialize_field(name: &'static str);
    SerializeStructVariant::serialize_field(name: &'static str);
}
