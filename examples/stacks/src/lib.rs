//! The guide's pages on frameworks that the main crate does not depend on: their code runs here as
//! tests.

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
    Warp: "warp.md",
    Tonic: "tonic.md",
    Tls: "tls.md",
    OpenTelemetry: "opentelemetry.md",
}
