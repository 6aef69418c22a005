//! Runs the code of the guide's pages that need crates that the core does not depend on. `actix` is the bridge that
//! one of them shows, and `trusting` the client of the tests of TLS.

pub mod actix;
pub mod trusting;

macro_rules! pages {
    ($($name:ident: $page:literal),+ $(,)?) => {
        $(
            #[cfg(doctest)]
            #[doc = include_str!(concat!("../../../src/guide/", $page))]
            pub struct $name;
        )+
    };
}

pages! {
    Actix: "actix.md",
    Warp: "warp.md",
    Tonic: "tonic.md",
    Tls: "tls.md",
    OpenTelemetry: "opentelemetry.md",
}
