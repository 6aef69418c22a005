//! Runs the code of the guide's pages that need crates that the core does not depend on.

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
